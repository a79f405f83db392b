// Inputs for a trained model from files that people have: tables in CSV, arrays in NPY and IDX.
#pragma once

#include <string>
#include <vector>

#include "runtime/trainer.h"

namespace nnc::tool {

/// Each argument is a file, INPUT=FILE, or `-` for a CSV from standard input. A table has the columns that the inputs were
/// made of in training, whatever else it has; an array is one input, or the columns of one side by side. Throws Error
/// where that does not come out. They are prepared as for the weights, which have been loaded, in the model's order.
std::vector<Tensor> read_inputs(const std::vector<std::string>& arguments, const Trainer& trainer);

}  // namespace nnc::tool
