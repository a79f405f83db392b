// Columns of text are indices of names. Other data of the same kind have the same names for the same indices.
#pragma once

#include <string>
#include <vector>

#include "runtime/dataset.h"

namespace nnc {

/// Turns the column's indices into those of `names`. A value that is not among them becomes the column's problem.
void index_by(const std::vector<std::string>& names, Column& column);

}  // namespace nnc
