#include "ir/composites/selection.h"

#include <limits>

#include <fmt/format.h>

#include "ir/composites/movement.h"
#include "ir/composites/reductions.h"
#include "ir/error.h"

namespace nnc {
namespace {

constexpr int64_t kMaxRanks = 1000;  // each is a few nodes

// What no element loses against.
Literal worst(DType dtype, bool largest) {
  if (is_float(dtype)) {
    double infinity = std::numeric_limits<double>::infinity();
    return Literal::from_double(dtype, largest ? -infinity : infinity);
  }
  return Literal::from_double(dtype, largest ? -1e300 : 1e300);  // saturates
}

}  // namespace

Value chosen_class(Builder& b, const Type& like, Value target) {
  // Bytes could not count beyond 255.
  if (b.dtype(target) == DType::U8) target = b.cast(target, DType::I32);
  Type indices = b.type(target);
  Shape column = indices.shape;
  column.push_back(1);
  return b.eq(b.iota({indices.dtype, like.shape}, like.rank() - 1), b.reshape(target, column));
}

// By a comparison rather than a gather, so that its gradient needs no scatter.
Value class_score(Builder& b, Value scores, Value target, bool keep) {
  Value chosen = chosen_class(b, b.type(scores), target), none = b.scalar(b.dtype(scores), 0);
  return sum_over(b, b.select(chosen, scores, none), {-1}, keep);
}

Value one_hot(Builder& b, Value x, const Dim& classes, DType dtype) {
  Type type = b.type(x);
  if (!is_integer(type.dtype)) throw Error("one_hot takes integers, not " + type.str());
  type.shape.push_back(classes);
  return b.cast(chosen_class(b, type, x), dtype);
}

// One element a turn: the best of those left, then the first index that has it.
std::vector<Value> top_k(Builder& b, Value x, int64_t k, int64_t axis, bool largest) {
  Type type = b.type(x);
  int64_t which = resolve_axis(type, axis);
  const Dim& extent = type.shape[which];
  if (k < 1 || k > kMaxRanks || (extent.is_constant() && k > extent.value()))
    throw Error(fmt::format("top_k takes from 1 to {} elements of axis {} of {}, not {}", kMaxRanks, which,
                            type.str(), k));
  x = b.unary(Op::StopGradient, x);
  Monoid best_of = largest ? Monoid::Max : Monoid::Min;
  Value index = b.iota({DType::I32, type.shape}, which),
        none = b.constant(Literal::from_int(DType::I32, std::numeric_limits<int32_t>::max()));
  Value left = b.full(DType::Bool, type.shape, 1);
  Value lost = b.constant(worst(type.dtype, largest));
  Shape kept = type.shape;
  kept[which] = 1;
  std::vector<Value> values, indices;
  for (int64_t i = 0; i < k; ++i) {
    Value rest = b.select(left, x, lost);
    Value best = b.reshape(b.reduce(best_of, rest, {which}), kept);
    Value is_nan = b.binary(Op::Ne, rest, rest);
    Value candidate = b.binary(Op::And, left, b.binary(Op::Or, b.eq(rest, best), is_nan));
    Value first = b.reshape(b.reduce(Monoid::Min, b.select(candidate, index, none), {which}), kept);
    values.push_back(best);
    indices.push_back(first);
    left = b.binary(Op::And, left, b.binary(Op::Ne, index, first));
  }
  return {concat(b, values, which), concat(b, indices, which)};
}

Value cosine_similarity(Builder& b, Value x, Value y, int64_t axis, double eps) {
  Type type = b.type(x);
  if (type != b.type(y))
    throw Error(fmt::format("cosine_similarity compares values of one type, not {} and {}", type.str(),
                            b.type(y).str()));
  Value least = b.scalar(type.dtype, eps);
  auto length = [&](Value v) {
    Value norm = norm_over(b, v, 2, {axis});
    return b.select(b.lt(norm, least), least, norm);
  };
  return b.div(sum_over(b, b.mul(x, y), {axis}), b.mul(length(x), length(y)));
}

}  // namespace nnc
