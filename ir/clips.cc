#include "ir/clips.h"

#include <cassert>

#include "ir/composites/reductions.h"

namespace nnc {
namespace {

std::vector<Value> clip_value(Builder& b, const CallSpec& call, const std::vector<Value>& gradients) {
  double limit = call.real("limit");
  std::vector<Value> out;
  for (Value g : gradients) {
    Value bounded = b.min(b.max(g, b.scalar(b.dtype(g), -limit)), b.scalar(b.dtype(g), limit));
    out.push_back(bounded);
  }
  return out;
}

// In f64, where no square overflows and the order of so many additions hardly shows.
Value squares(Builder& b, Value x) {
  Value wide = b.cast(x, DType::F64);
  return sum_over(b, b.mul(wide, wide));
}

// Pascanu, Mikolov & Bengio, arXiv:1211.5063; PyTorch's clip_grad_norm_, its 1e-6 included: all gradients together
// as one vector, shortened to the limit where it is longer.
std::vector<Value> clip_norm(Builder& b, const CallSpec& call, const std::vector<Value>& gradients) {
  Value sum = b.scalar(DType::F64, 0);
  for (Value g : gradients) sum = b.add(sum, squares(b, g));
  Value ratio =
      b.div(b.scalar(DType::F64, call.real("limit")), b.add(b.sqrt(sum), b.scalar(DType::F64, 1e-6)));
  Value factor = b.min(ratio, b.scalar(DType::F64, 1));
  std::vector<Value> out;
  for (Value g : gradients) out.push_back(b.mul(g, b.cast(factor, b.dtype(g))));
  return out;
}

std::string check_limit(const CallSpec& call) { return above_zero(call, "limit"); }

constexpr ClipRow kRows[] = {
    {{"norm", "limit: real", check_limit, "all gradients as one vector, shortened where longer than limit"},
     clip_norm},
    {{"value", "limit: real", check_limit, "each element of each gradient to [-limit, limit]"}, clip_value},
};

}  // namespace

std::span<const ClipRow> all_clips() { return kRows; }

const ClipRow& clip_row(std::string_view name) {
  const ClipRow* row = kRows;
  while (row->call.name != name) ++row;
  return *row;
}

}  // namespace nnc
