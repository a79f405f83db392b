#include "ir/composites/attention.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/dense.h"
#include "ir/composites/movement.h"
#include "ir/error.h"

namespace nnc {
namespace {

// [..., T, D] -> [..., heads, T, D / heads]
Value to_heads(Builder& b, Value x, int64_t heads) {
  Shape shape = b.shape(x);
  std::optional<Dim> size = heads < 1 ? std::nullopt : shape.back().divided_by(heads);
  if (!size) throw Error(fmt::format("{} does not split into {} heads", b.type(x).str(), heads));
  shape.back() = heads;
  shape.push_back(*size);
  return move_axis(b, b.reshape(x, shape), -2, -3);
}

// The reverse of to_heads.
Value from_heads(Builder& b, Value x) {
  Value merged = move_axis(b, x, -3, -2);
  Shape shape = b.shape(merged);
  Dim size = shape.back();
  shape.pop_back();
  shape.back() = shape.back() * size;
  return b.reshape(merged, shape);
}

Value mask_future(Builder& b, Value scores) {
  Type type = b.type(scores);
  Shape square(type.shape.end() - 2, type.shape.end());
  Value row = b.iota({DType::I32, square}, 0), column = b.iota({DType::I32, square}, 1);
  return b.select(b.le(column, row), scores, b.scalar(type.dtype, -std::numeric_limits<double>::infinity()));
}

void check_operands(const Type& q, const Type& k, const Type& v, bool causal) {
  bool fits = q.rank() >= 2 && q.rank() == k.rank() && k == v && q.dtype == k.dtype;
  if (!fits || (causal && q.shape != k.shape)) {
    throw Error(fmt::format("attention takes q [..., T, D] and k, v [..., S, D]{}, not {}, {} and {}",
                            causal ? " with T = S" : "", q.str(), k.str(), v.str()));
  }
}

}  // namespace

Value attention(Builder& b, Value q, Value k, Value v, int64_t heads, bool causal) {
  check_operands(b.type(q), b.type(k), b.type(v), causal);
  Value qh = to_heads(b, q, heads), kh = to_heads(b, k, heads), vh = to_heads(b, v, heads);
  double scale = inverse_root(b.shape(qh).back(), "the size of a head");
  Value scores = b.mul(matrix_product(b, qh, transpose(b, kh)), b.scalar(b.dtype(q), scale));
  if (causal) scores = mask_future(b, scores);
  return from_heads(b, matrix_product(b, softmax(b, scores), vh));
}

Value dropout(Net& net, Value x, double p) {
  if (!(p >= 0 && p < 1)) throw Error(fmt::format("dropout drops with a probability in [0, 1), not {}", p));
  if (!net.training() || p == 0) return x;
  Builder& b = net.b();
  Type type = b.type(x);
  Value kept = b.le(b.scalar(DType::F32, p), net.uniform({DType::F32, type.shape}));
  return b.select(kept, b.mul(x, b.scalar(type.dtype, 1 / (1 - p))), b.scalar(type.dtype, 0));
}

}  // namespace nnc
