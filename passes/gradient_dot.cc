// The gradient of a contraction is two contractions: with g = dot(x, w), the adjoint of x contracts g's axes
// that came from w with w, and the other way round. Of the two operand orders, the one whose result needs no
// permute is taken: for W[in, out] that is dot(x, g), which reads x in place, for W[out, in] it is dot(g, x).
#include <algorithm>

#include "passes/gradient_rules.h"

namespace nnc::gradient {
namespace {

std::vector<int64_t> iota(int64_t first, size_t count) {
  std::vector<int64_t> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = first + static_cast<int64_t>(i);
  return out;
}

std::vector<int64_t> joined(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// One side of a dot: its axes by role.
struct Side {
  Value value;
  std::vector<int64_t> batch, contract, free;
};

Side side_of(const Pullback& p, size_t i) {
  const auto& a = p.node.as<DotAttrs>();
  Side s{p.x(i), i == 0 ? a.lhs_batch : a.rhs_batch, i == 0 ? a.lhs_contract : a.rhs_contract, {}};
  s.free = other_axes(p.b.type(s.value).rank(), joined(s.batch, s.contract));
  return s;
}

// Where the axes of `self` lie in a result laid out as batch, then self.free and self.contract in the order
// given. Contracted axes appear in the order in which the other operand has them.
std::vector<int64_t> layout(const Side& self, const Side& other, bool free_first) {
  std::vector<int64_t> contract_in_other = other.contract;
  std::sort(contract_in_other.begin(), contract_in_other.end());
  std::vector<int64_t> contracted;
  for (int64_t axis : contract_in_other) {
    auto at = std::find(other.contract.begin(), other.contract.end(), axis) - other.contract.begin();
    contracted.push_back(self.contract[at]);
  }
  return joined(self.batch, free_first ? joined(self.free, contracted) : joined(contracted, self.free));
}

// The adjoint of `self`; the free axes of `other` start at `other_at` in g.
Value adjoint(const Pullback& p, const Side& self, const Side& other, int64_t other_at, DType to) {
  Builder& b = p.b;
  DType type = b.dtype(p.g());
  Value operand = b.cast(other.value, type);
  std::vector<int64_t> g_batch = iota(0, self.batch.size()), g_contract = iota(other_at, other.free.size());
  std::vector<int64_t> g_first = layout(self, other, true), other_first = layout(self, other, false);
  bool swap = !std::is_sorted(g_first.begin(), g_first.end()) &&
              std::is_sorted(other_first.begin(), other_first.end());
  Value out = swap ? b.dot(operand, p.g(), DotAttrs{other.batch, g_batch, other.free, g_contract, type})
                   : b.dot(p.g(), operand, DotAttrs{g_batch, other.batch, g_contract, other.free, type});
  return b.cast(b.permute(out, inverse_order(swap ? other_first : g_first)), to);
}

}  // namespace

Gradients dot(const Pullback& p) {
  Side lhs = side_of(p, 0), rhs = side_of(p, 1);
  auto lhs_at = static_cast<int64_t>(lhs.batch.size());
  auto rhs_at = lhs_at + static_cast<int64_t>(lhs.free.size());
  return {p.wants(0) ? adjoint(p, lhs, rhs, rhs_at, p.dtype(0)) : Value{},
          p.wants(1) ? adjoint(p, rhs, lhs, lhs_at, p.dtype(1)) : Value{}};
}

}  // namespace nnc::gradient
