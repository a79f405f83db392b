#include "ir/composites/activations.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ir/composites/movement.h"
#include "ir/composites/reductions.h"
#include "ir/error.h"

namespace nnc {
namespace {

Value number(Builder& b, Value like, double value) { return b.scalar(b.dtype(like), value); }
Value scaled(Builder& b, Value x, double factor) { return b.mul(x, number(b, x, factor)); }
Value is_positive(Builder& b, Value x) { return b.lt(number(b, x, 0), x); }

// f(x) where x is positive, else g(x), each computed from 0 where it is not meant.
template <class F, class G>
Value by_sign(Builder& b, Value x, F f, G g) {
  Value positive = is_positive(b, x), zero = number(b, x, 0);
  return b.select(positive, f(b.select(positive, x, zero)), g(b.select(positive, zero, x)));
}

// x where positive, else scale (e^(x / width) - 1).
Value exponential_below(Builder& b, Value x, double scale, double width) {
  return by_sign(
      b, x, [](Value y) { return y; },
      [&](Value y) {
        Value stretched = width == 1 ? y : b.div(y, number(b, y, width));
        return scaled(b, b.unary(Op::Expm1, stretched), scale);
      });
}

}  // namespace

// A select rather than max: its slope at 0 is 0, as PyTorch has it, where max would share the gradient with the
// constant; and the way back is one comparison. A NaN stays.
Value relu(Builder& b, Value x) {
  Value zero = b.scalar(b.dtype(x), 0);
  return b.select(b.le(x, zero), zero, x);
}

Value leaky_relu(Builder& b, Value x, double negative_slope) {
  return b.select(is_positive(b, x), x, scaled(b, x, negative_slope));
}

Value elu(Builder& b, Value x, double alpha) { return exponential_below(b, x, alpha, 1); }

Value selu(Builder& b, Value x) {
  constexpr double kScale = 1.0507009873554805, kAlpha = 1.6732632423543772;
  return scaled(b, elu(b, x, kAlpha), kScale);
}

Value celu(Builder& b, Value x, double alpha) {
  if (alpha == 0) throw Error("celu divides by alpha, which is 0");
  return exponential_below(b, x, alpha, alpha);
}

Value prelu(Net& net, Value x, const Dim& parameters, const Init& init) {
  Builder& b = net.b();
  Type type = b.type(x);
  bool per_channel = !parameters.is(1);
  if (per_channel && (type.rank() < 2 || type.shape[1] != parameters))
    throw Error(fmt::format("prelu has {} slopes for axis 1 of {}", parameters.str(), type.str()));
  Value weight = net.param("weight", {type.dtype, {parameters}}, init);
  if (per_channel) {
    Shape kept(type.shape.size(), Dim(1));
    kept[1] = parameters;
    weight = b.reshape(weight, kept);
  } else {
    weight = b.reshape(weight, {});
  }
  return b.select(is_positive(b, x), x, b.mul(weight, x));
}

// -|x| is written as a select: at 0 it then has the slope of one branch, and the gradient there is the exact
// 1/4. Through abs, whose gradient at 0 is 0, it would vanish.
Value sigmoid(Builder& b, Value x) {
  Value negative = b.lt(x, b.scalar(b.dtype(x), 0));
  Value e = b.exp(b.select(negative, x, b.neg(x)));
  Value one = b.scalar(b.dtype(x), 1);
  return b.div(b.select(negative, e, one), b.add(one, e));
}

Value log_sigmoid(Builder& b, Value x) { return b.neg(softplus(b, b.neg(x))); }

// Both selects take the same branch at 0, whose slope there is 1 - 1/2.
Value softplus(Builder& b, Value x, double beta) {
  if (beta == 0) throw Error("softplus divides by beta, which is 0");
  Value stretched = beta == 1 ? x : scaled(b, x, beta);
  Value zero = number(b, x, 0), negative = b.lt(stretched, zero);
  Value tail = b.unary(Op::Log1p, b.exp(b.select(negative, stretched, b.neg(stretched))));
  Value sum = b.add(b.select(negative, zero, stretched), tail);
  return beta == 1 ? sum : b.div(sum, number(b, x, beta));
}

Value softsign(Builder& b, Value x) { return b.div(x, b.add(number(b, x, 1), b.unary(Op::Abs, x))); }

Value gelu(Builder& b, Value x) {
  DType t = b.dtype(x);
  Value erf = b.unary(Op::Erf, b.mul(x, b.scalar(t, std::numbers::sqrt2 / 2)));
  return b.mul(b.mul(b.scalar(t, 0.5), x), b.add(b.scalar(t, 1), erf));
}

Value gelu_tanh(Builder& b, Value x) {
  Value cubic = b.mul(b.mul(x, x), x);
  Value inner = scaled(b, b.add(x, scaled(b, cubic, 0.044715)), std::sqrt(2 / std::numbers::pi));
  return b.mul(scaled(b, x, 0.5), b.add(number(b, x, 1), b.unary(Op::Tanh, inner)));
}

Value silu(Builder& b, Value x) { return b.mul(x, sigmoid(b, x)); }

Value mish(Builder& b, Value x) { return b.mul(x, b.unary(Op::Tanh, softplus(b, x))); }

Value clamp(Builder& b, Value x, std::optional<double> low, std::optional<double> high) {
  if (!low && !high) throw Error("clamp needs min or max");
  DType type = b.dtype(x);
  auto bound = [&](double value) {
    Literal literal = Literal::from_double(type, value);
    if (!is_float(type) && literal.as_double() != value)
      throw Error(fmt::format("clamp: {} is not a value of {}", value, name_of(type)));
    return b.constant(literal);
  };
  if (low) x = b.select(b.lt(x, bound(*low)), bound(*low), x);
  if (high) x = b.select(b.lt(bound(*high), x), bound(*high), x);
  return x;
}

Value hardtanh(Builder& b, Value x, double low, double high) {
  if (!(low < high)) throw Error(fmt::format("hardtanh's min_val {} is not below max_val {}", low, high));
  Value bottom = number(b, x, low), top = number(b, x, high);
  return b.select(b.le(x, bottom), bottom, b.select(b.le(top, x), top, x));
}

Value hardsigmoid(Builder& b, Value x) {
  return b.div(hardtanh(b, b.add(x, number(b, x, 3)), 0, 6), number(b, x, 6));
}

Value hardswish(Builder& b, Value x) { return b.mul(x, hardsigmoid(b, x)); }

Value glu(Builder& b, Value x, int64_t axis) {
  std::vector<Value> halves = split(b, x, 2, axis);
  return b.mul(halves[0], sigmoid(b, halves[1]));
}

Value swiglu(Builder& b, Value x, int64_t axis) {
  std::vector<Value> halves = split(b, x, 2, axis);
  return b.mul(silu(b, halves[0]), halves[1]);
}

Value minus_max(Builder& b, Value x, int64_t axis) {
  return b.sub(x, b.unary(Op::StopGradient, max_over(b, x, {axis}, true)));
}

// One division a row instead of one an element: the sum is 1 at least, so that its reciprocal is a normal number.
Value softmax(Builder& b, Value x, int64_t axis) {
  Value e = b.exp(minus_max(b, x, axis));
  Value share = b.div(b.scalar(b.dtype(x), 1), sum_over(b, e, {axis}, true));
  return b.mul(e, share);
}

// A term below e^-70 of the largest counts as that, which no sum of either type can tell, and its gradient is zero: a
// denormal one would slow every product it enters many times over. (By a select, whose way back is one comparison.)
Value log_sum_exp_of_shifted(Builder& b, Value shifted, int64_t axis, bool keep) {
  Value least = b.scalar(b.dtype(shifted), -70);
  Value bounded = b.select(b.lt(shifted, least), least, shifted);
  return b.log(sum_over(b, b.exp(bounded), {axis}, keep));
}

Value log_softmax(Builder& b, Value x, int64_t axis) {
  Value shifted = minus_max(b, x, axis);
  return b.sub(shifted, log_sum_exp_of_shifted(b, shifted, axis, true));
}

}  // namespace nnc
