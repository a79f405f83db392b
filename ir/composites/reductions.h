// Sums, means and extremes over axes. `axes` may be negative (from the end) and in any order; empty means
// all. With `keep`, reduced axes stay with extent 1.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace nnc {

using Axes = std::vector<int64_t>;

/// `axis` counted from the front. Throws Error when x has no such axis.
int64_t resolve_axis(const Type& x, int64_t axis);
/// All of `axes` resolved and sorted; every axis of x when empty. Throws Error for one named twice.
Axes resolve_axes(const Type& x, const Axes& axes);

Value sum_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false);
Value max_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false);
Value min_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false);
/// Sum over count; where the count is symbolic it is read at run time. x is float.
Value mean_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false);
/// Number of elements the axes fold into one, as a scalar of `dtype`.
Value count_over(Builder& b, const Type& x, const Axes& axes, DType dtype);

}  // namespace nnc
