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
/// Sum of the squared distances to the mean over (count - correction): two passes. Less than `correction`
/// elements, or as many, give what dividing by 0 gives, as in PyTorch.
Value variance_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false, double correction = 1);
/// (sum |x|^p)^(1/p); the largest |x| for p = inf, the smallest for -inf, how many are not 0 for p = 0. Where it is
/// 0 nothing flows back. Throws Error for a NaN.
Value norm_over(Builder& b, Value x, double p = 2, const Axes& axes = {}, bool keep = false);
/// log(sum(e^x)), from e^(x - max).
Value logsumexp_over(Builder& b, Value x, const Axes& axes = {}, bool keep = false);
/// Element i is the sum of elements 0 … i along `axis`, added in that order.
Value cumulative_sum(Builder& b, Value x, int64_t axis = -1);
/// What the axes of x were folded to, with an extent of 1 for each of them.
Value keep_axes(Builder& b, Value folded, const Type& x, const Axes& axes);
/// Number of elements the axes fold into one, as a scalar of `dtype`.
Value count_over(Builder& b, const Type& x, const Axes& axes, DType dtype);

}  // namespace nnc
