#include "ir/composites/activations.h"

#include <numbers>

#include "ir/composites/reductions.h"

namespace nnc {

// A select rather than max: its slope at 0 is 0, as PyTorch has it, where max would share the gradient with the
// constant; and the way back is one comparison. A NaN stays.
Value relu(Builder& b, Value x) {
  Value zero = b.scalar(b.dtype(x), 0);
  return b.select(b.le(x, zero), zero, x);
}

// -|x| is written as a select: at 0 it then has the slope of one branch, and the gradient there is the exact
// 1/4. Through abs, whose gradient at 0 is 0, it would vanish.
Value sigmoid(Builder& b, Value x) {
  Value negative = b.lt(x, b.scalar(b.dtype(x), 0));
  Value e = b.exp(b.select(negative, x, b.neg(x)));
  Value one = b.scalar(b.dtype(x), 1);
  return b.div(b.select(negative, e, one), b.add(one, e));
}

Value gelu(Builder& b, Value x) {
  DType t = b.dtype(x);
  Value erf = b.unary(Op::Erf, b.mul(x, b.scalar(t, std::numbers::sqrt2 / 2)));
  return b.mul(b.mul(b.scalar(t, 0.5), x), b.add(b.scalar(t, 1), erf));
}

Value minus_max(Builder& b, Value x, int64_t axis) {
  return b.sub(x, b.unary(Op::StopGradient, max_over(b, x, {axis}, true)));
}

Value softmax(Builder& b, Value x, int64_t axis) {
  Value e = b.exp(minus_max(b, x, axis));
  return b.div(e, sum_over(b, e, {axis}, true));
}

Value log_softmax(Builder& b, Value x, int64_t axis) {
  Value shifted = minus_max(b, x, axis);
  return b.sub(shifted, b.log(sum_over(b, b.exp(shifted), {axis}, true)));
}

}  // namespace nnc
