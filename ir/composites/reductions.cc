#include "ir/composites/reductions.h"

#include <algorithm>

#include <cmath>

#include <fmt/format.h>

#include "ir/composites/movement.h"
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

Value keep_axes(Builder& b, Value folded, const Type& x, const Axes& axes) {
  Shape kept = x.shape;
  for (int64_t axis : resolve_axes(x, axes)) kept[axis] = 1;
  return b.reshape(folded, kept);
}

namespace {

Value fold(Builder& b, Monoid monoid, Value x, const Axes& axes, bool keep) {
  Value out = b.reduce(monoid, x, resolve_axes(b.type(x), axes));
  return keep ? keep_axes(b, out, b.type(x), axes) : out;
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
  Value mean = b.div(sum_over(b, x, axes), count_over(b, type, axes, type.dtype));
  return keep ? keep_axes(b, mean, type, axes) : mean;
}

Value variance_over(Builder& b, Value x, const Axes& axes, bool keep, double correction) {
  Type type = b.type(x);
  Value centred = b.sub(x, mean_over(b, x, axes, true));
  Value squares = sum_over(b, b.mul(centred, centred), axes, keep);
  Value count = b.sub(count_over(b, type, axes, type.dtype), b.scalar(type.dtype, correction));
  return b.div(squares, b.max(count, b.scalar(type.dtype, 0)));
}

namespace {

// x^power of what is not negative, with 0 (and no slope) at 0.
Value power_or_zero(Builder& b, Value x, double power) {
  Value zero = b.scalar(b.dtype(x), 0), one = b.scalar(b.dtype(x), 1), empty = b.eq(x, zero);
  Value base = b.select(empty, one, x);
  Value root = power == 0.5 ? b.sqrt(base) : b.binary(Op::Pow, base, b.scalar(b.dtype(x), power));
  return b.select(empty, zero, root);
}

}  // namespace

Value norm_over(Builder& b, Value x, double p, const Axes& axes, bool keep) {
  if (!is_float(b.dtype(x))) throw Error(fmt::format("the norm of {} is no integer", b.type(x).str()));
  if (std::isnan(p)) throw Error("norm's p is a number");
  if (p == 2) return power_or_zero(b, sum_over(b, b.mul(x, x), axes, keep), 0.5);
  Value size = b.unary(Op::Abs, x);
  if (p == 1) return sum_over(b, size, axes, keep);
  if (std::isinf(p)) return p > 0 ? max_over(b, size, axes, keep) : min_over(b, size, axes, keep);
  if (p == 0) {
    Value counted = b.cast(b.binary(Op::Ne, x, b.scalar(b.dtype(x), 0)), b.dtype(x));
    return sum_over(b, counted, axes, keep);
  }
  // A negative power of 0 is infinite, and its norm 0, without a detour.
  Value powers = p > 0 ? power_or_zero(b, size, p) : b.binary(Op::Pow, size, b.scalar(b.dtype(x), p));
  return power_or_zero(b, sum_over(b, powers, axes, keep), 1 / p);
}

// An infinite maximum is left in place: inf - inf is no number.
Value logsumexp_over(Builder& b, Value x, const Axes& axes, bool keep) {
  Value zero = b.scalar(b.dtype(x), 0), largest = b.unary(Op::StopGradient, max_over(b, x, axes, true));
  Value shift = b.select(b.unary(Op::IsFinite, largest), largest, zero);
  Value sum = b.log(sum_over(b, b.exp(b.sub(x, shift)), axes, true));
  Value out = b.add(sum, shift);
  if (keep) return out;
  Shape shape;
  Axes folded = resolve_axes(b.type(x), axes);
  for (int64_t i = 0; i < b.type(x).rank(); ++i) {
    if (!std::binary_search(folded.begin(), folded.end(), i)) shape.push_back(b.shape(x)[i]);
  }
  return b.reshape(out, shape);
}

Value cumulative_sum(Builder& b, Value x, int64_t axis) {
  int64_t which = resolve_axis(b.type(x), axis);
  Value leading = move_axis(b, x, which, 0);
  Type step = b.type(leading);
  Dim length = step.shape[0];
  step.shape.erase(step.shape.begin());
  auto body = std::make_shared<Graph>("body");
  Builder inside(*body);
  Value sum = inside.add(inside.input("sum", step), inside.input("x", step));
  body->add_output({"sum", sum, false});
  body->add_output({"partial", sum, false});
  Value zero = b.full(step.dtype, step.shape, 0);
  return move_axis(b, b.scan(ScanAttrs{1, 1, length, false, Body{body}}, {zero, leading})[1], 0, which);
}

}  // namespace nnc
