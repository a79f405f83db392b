#include "ir/composites/reductions.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {

int64_t resolve_axis(const Type& x, int64_t axis) {
  if (axis < -x.rank() || axis >= x.rank()) throw Error(fmt::format("{} has no axis {}", x.str(), axis));
  return axis < 0 ? axis + x.rank() : axis;
}

Axes resolve_axes(const Type& x, const Axes& axes) {
  Axes out;
  for (int64_t axis : axes) out.push_back(resolve_axis(x, axis));
  for (int64_t i = 0; axes.empty() && i < x.rank(); ++i) out.push_back(i);
  std::sort(out.begin(), out.end());
  auto twice = std::adjacent_find(out.begin(), out.end());
  if (twice != out.end()) throw Error(fmt::format("axis {} of {} is named twice", *twice, x.str()));
  return out;
}

namespace {

Value fold(Builder& b, Monoid monoid, Value x, const Axes& axes, bool keep) {
  Axes which = resolve_axes(b.type(x), axes);
  Shape kept = b.shape(x);
  for (int64_t axis : which) kept[axis] = 1;
  Value out = b.reduce(monoid, x, which);
  return keep ? b.reshape(out, kept) : out;
}

}  // namespace

Value sum_over(Builder& b, Value x, const Axes& axes, bool keep) {
  return fold(b, Monoid::Add, x, axes, keep);
}
Value max_over(Builder& b, Value x, const Axes& axes, bool keep) {
  return fold(b, Monoid::Max, x, axes, keep);
}
Value min_over(Builder& b, Value x, const Axes& axes, bool keep) {
  return fold(b, Monoid::Min, x, axes, keep);
}

Value count_over(Builder& b, const Type& x, const Axes& axes, DType dtype) {
  Dim count = 1;
  for (int64_t axis : resolve_axes(x, axes)) count = count * x.shape[axis];
  if (count.is_constant()) return b.scalar(dtype, static_cast<double>(count.value()));
  return b.cast(b.extent(count), dtype);
}

Value mean_over(Builder& b, Value x, const Axes& axes, bool keep) {
  Type type = b.type(x);
  if (!is_float(type.dtype))
    throw Error(fmt::format("the mean of {} is no integer: cast it first", type.str()));
  return b.div(sum_over(b, x, axes, keep), count_over(b, type, axes, type.dtype));
}

}  // namespace nnc
