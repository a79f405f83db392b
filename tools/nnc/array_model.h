// A model file for images or other arrays with a label each, as IDX folders and NumPy's archives hold them.
#pragma once

#include <string>

#include "runtime/dataset.h"

namespace nnc::tool {

/// `source` is the data line's call, `name` the folder or file for its comments. Throws Error where the data have not one
/// array and one label per sample.
std::string array_model(const Dataset& data, const std::string& source, const std::string& name,
                        const std::string& model_path);

}  // namespace nnc::tool
