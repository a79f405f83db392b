#include "ir/composites/losses.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/reductions.h"
#include "ir/composites/selection.h"
#include "ir/error.h"

namespace nnc {
namespace {

Value number(Builder& b, Value like, double value) { return b.scalar(b.dtype(like), value); }

void check_pair(Builder& b, const char* what, Value x, Value y) {
  if (b.type(x) == b.type(y) && is_float(b.dtype(x))) return;
  throw Error(fmt::format("{} compares real values of one type, not {} and {}", what, b.type(x).str(),
                          b.type(y).str()));
}

Value difference(Builder& b, const char* what, Value x, Value y) {
  check_pair(b, what, x, y);
  return b.sub(x, y);
}

// Targets of two classes may be integers; they become x's type.
Value as_labels(Builder& b, const char* what, Value x, Value y) {
  Type type = b.type(x);
  bool labels = is_integer(b.dtype(y)) || b.dtype(y) == DType::Bool || b.dtype(y) == type.dtype;
  if (is_float(type.dtype) && labels && b.shape(y) == type.shape) return b.cast(y, type.dtype);
  throw Error(fmt::format("{} takes real values and labels of the same shape, not {} and {}", what,
                          type.str(), b.type(y).str()));
}

// |x| with slope 1 at 0, so that what is smooth there has its second derivative.
Value absolute(Builder& b, Value x) { return b.select(b.lt(x, number(b, x, 0)), b.neg(x), x); }

// log x (or log1p x), no lower than -100: it is that up to x = `least`, and nothing flows back from there.
Value floored_log(Builder& b, Op log, Value x, double least) {
  Value low = b.le(x, number(b, x, least));
  return b.select(low, number(b, x, -100), b.unary(log, b.select(low, number(b, x, 1), x)));
}

// y log y, 0 at 0.
Value entropy_term(Builder& b, Value y) {
  Value zero = number(b, y, 0), empty = b.le(y, zero);
  return b.select(empty, zero, b.mul(y, b.log(b.select(empty, number(b, y, 1), y))));
}

}  // namespace

Value mse(Builder& b, Value x, Value y) {
  Value d = difference(b, "mse", x, y);
  return mean_over(b, b.mul(d, d));
}

Value mae(Builder& b, Value x, Value y) { return mean_over(b, b.unary(Op::Abs, difference(b, "mae", x, y))); }

Value huber(Builder& b, Value x, Value y, double delta) {
  if (!(delta > 0)) throw Error(fmt::format("huber's delta is above 0, not {}", delta));
  Value d = difference(b, "huber", x, y), size = b.unary(Op::Abs, d), limit = number(b, d, delta);
  Value near = b.mul(number(b, d, 0.5), b.mul(d, d));
  Value far = b.mul(limit, b.sub(size, number(b, d, delta / 2)));
  return mean_over(b, b.select(b.le(size, limit), near, far));
}

Value log_cosh(Builder& b, Value x, Value y) {
  Value size = absolute(b, difference(b, "log_cosh", x, y));
  Value tail = b.unary(Op::Log1p, b.exp(b.mul(number(b, size, -2), size)));
  return mean_over(b, b.sub(b.add(size, tail), number(b, size, std::numbers::ln2)));
}

Value poisson_nll(Builder& b, Value x, Value y, const PoissonOptions& options) {
  y = as_labels(b, "poisson_nll", x, y);
  Value loss = options.log_input ? b.sub(b.exp(x), b.mul(y, x))
                                 : b.sub(x, b.mul(y, b.log(b.add(x, number(b, x, options.eps)))));
  if (options.full) {
    Value one = number(b, y, 1), large = b.lt(one, y), count = b.select(large, y, one);
    Value spread = b.mul(number(b, y, 0.5), b.log(b.mul(number(b, y, 2 * std::numbers::pi), count)));
    Value stirling = b.add(b.sub(b.mul(count, b.log(count)), count), spread);
    loss = b.add(loss, b.select(large, stirling, number(b, y, 0)));
  }
  return mean_over(b, loss);
}

Value binary_cross_entropy(Builder& b, Value x, Value y, std::optional<Value> positive_weight) {
  y = as_labels(b, "binary_cross_entropy", x, y);
  // 1 - x of a float near 1 is a multiple of its epsilon: it is 0 or far above e^-100.
  Value yes = floored_log(b, Op::Log, x, std::exp(-100)), one = number(b, x, 1);
  Value no = floored_log(b, Op::Log1p, b.neg(x), -1);
  Value rest = b.mul(b.sub(one, y), no);
  Value positive = b.mul(y, yes);
  if (positive_weight) positive = b.mul(*positive_weight, positive);
  return mean_over(b, b.neg(b.add(positive, rest)));
}

// -log sigmoid(x) is softplus(-x) = softplus(x) - x.
Value binary_cross_entropy_with_logits(Builder& b, Value logits, Value y,
                                       std::optional<Value> positive_weight) {
  y = as_labels(b, "binary_cross_entropy_with_logits", logits, y);
  if (!positive_weight) return mean_over(b, b.sub(softplus(b, logits), b.mul(logits, y)));
  Value one = number(b, logits, 1);
  Value positive = b.mul(*positive_weight, b.mul(y, softplus(b, b.neg(logits))));
  return mean_over(b, b.add(positive, b.mul(b.sub(one, y), softplus(b, logits))));
}

Value hinge(Builder& b, Value x, Value y, double margin) {
  y = as_labels(b, "hinge", x, y);
  return mean_over(b, relu(b, b.sub(number(b, x, margin), b.mul(x, y))));
}

Value kl_div(Builder& b, Value x, Value y, bool log_target) {
  check_pair(b, "kl_div", x, y);
  if (b.type(x).is_scalar()) throw Error("kl_div needs an axis of classes");
  Value terms = log_target ? b.mul(b.exp(y), b.sub(y, x)) : b.sub(entropy_term(b, y), b.mul(y, x));
  return mean_over(b, sum_over(b, terms, {-1}));
}

Value cosine_loss(Builder& b, Value x, Value y, std::optional<Value> target, double margin) {
  check_pair(b, "cosine", x, y);
  Value cosine = cosine_similarity(b, x, y), same = b.sub(number(b, x, 1), cosine);
  if (!target) return mean_over(b, same);
  Value label = as_labels(b, "cosine", cosine, *target);
  Value other = relu(b, b.sub(cosine, number(b, x, margin)));
  return mean_over(b, b.select(b.lt(number(b, x, 0), label), same, other));
}

namespace {

template <class F>
Value total(Builder& b, const std::vector<Value>& xs, F of) {
  Value sum;
  for (Value x : xs) {
    Value part = sum_over(b, of(x));
    sum = sum.valid() ? b.add(sum, part) : part;
  }
  return sum;
}

}  // namespace

Value l1(Builder& b, const std::vector<Value>& xs) {
  return total(b, xs, [&](Value x) { return b.unary(Op::Abs, x); });
}

Value l2(Builder& b, const std::vector<Value>& xs) {
  return total(b, xs, [&](Value x) { return b.mul(x, x); });
}

}  // namespace nnc
