// A part of the data by its name.
#pragma once

#include <string>

#include "runtime/bind.h"

namespace nnc::tool {

struct DataPart {
  const char *name, *text;  // "train", and as people call it, "training"
  const BoundTable& table;
};

/// "train", "validation" or "test"; an empty name is the test part, without one the validation part, and without that the
/// training part. Throws Error for a part that the data do not have.
DataPart find_part(const BoundData& data, const std::string& name = "");

}  // namespace nnc::tool
