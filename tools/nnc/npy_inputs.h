// A model's inputs from NPY files named on the command line.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/bind.h"

namespace nnc::tool {

/// "x.npy" for the only input, "name=x.npy" for one of several; in the order of the fields and of their types. Throws Error
/// for a name that is none, an input without a file, and values that its type cannot hold.
std::vector<Tensor> read_npy_inputs(std::span<const std::string> arguments,
                                    std::span<const DataField> fields);

}  // namespace nnc::tool
