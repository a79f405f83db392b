// Inputs for a trained model from files of every kind that data to train on are read from.
#pragma once

#include <string>
#include <vector>

#include "runtime/trainer.h"

namespace nnc::tool {

/// Each argument is a file, INPUT=FILE, or `-` for standard input. A table or archive has the columns that the inputs were
/// made of in training, whatever else it has; an array is one input, or the columns of one side by side; a text is
/// windows of characters. Throws Error where that does not come out. They are prepared as for the weights, which have been loaded, in the model's order.
std::vector<Tensor> read_inputs(const std::vector<std::string>& arguments, const Trainer& trainer);

}  // namespace nnc::tool
