// What the samples of a column are called: texts by themselves, numbers as they are written. Other data of the same kind
// have the same indices for the same names.
#pragma once

#include <string>
#include <vector>

#include "runtime/dataset.h"

namespace nnc {

/// The distinct names, texts in the order of their bytes and numbers by size. The column has one value per sample.
std::vector<std::string> names_in(const Column& column);

/// Turns the column into indices of `names`. A sample whose name is not among them becomes `unknown`, or where that is
/// below 0 the column's problem, with `remedy`. Samples without a value stay so.
void index_by(const std::vector<std::string>& names, Column& column, const std::string& remedy = "",
              int32_t unknown = -1);

}  // namespace nnc
