#include "ir/composites/losses.h"

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/reductions.h"
#include "ir/error.h"

namespace nnc {
namespace {

void check_classes(const char* what, const Type& logits, const Type& target) {
  Shape expected = logits.shape;
  if (!expected.empty()) expected.pop_back();
  bool fits = !logits.is_scalar() && expected == target.shape;
  if (!fits || !is_integer(target.dtype) || !is_float(logits.dtype)) {
    throw Error(fmt::format("{} takes logits [..., classes] and integer targets [...], not {} and {}", what,
                            logits.str(), target.str()));
  }
}

}  // namespace

Value mse(Builder& b, Value x, Value y) {
  // Broadcasting [B, 1] against [B] would silently compare every pair.
  if (b.type(x) != b.type(y)) {
    throw Error(
        fmt::format("mse compares values of one type, not {} and {}", b.type(x).str(), b.type(y).str()));
  }
  Value d = b.sub(x, y);
  return mean_over(b, b.mul(d, d));
}

// The target is picked by a comparison rather than a gather, so that its gradient needs no scatter.
Value cross_entropy(Net& net, Value logits, Value target) {
  Builder& b = net.b();
  Type type = b.type(logits), indices = b.type(target);
  check_classes("cross_entropy", type, indices);
  net.note_classes(target, type.shape.back());
  Shape column = indices.shape;
  column.push_back(1);
  Value chosen = b.eq(b.iota({indices.dtype, type.shape}, type.rank() - 1), b.reshape(target, column));
  Value shifted = minus_max(b, logits, -1);
  Value log_sum = b.log(sum_over(b, b.exp(shifted), {-1}));
  Value picked = sum_over(b, b.select(chosen, shifted, b.scalar(type.dtype, 0)), {-1});
  return mean_over(b, b.sub(log_sum, picked));
}

Value accuracy(Net& net, Value logits, Value target) {
  Builder& b = net.b();
  check_classes("accuracy", b.type(logits), b.type(target));
  Value best = b.cast(b.argmax(logits, b.type(logits).rank() - 1), b.dtype(target));
  return mean_over(b, b.cast(b.eq(best, target), DType::F32));
}

}  // namespace nnc
