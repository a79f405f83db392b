// Folds in place: a reduction, an argmax or the overlapping windows of one element, tap by tap in a fixed
// order.
#include "codegen/monoid.h"
#include "codegen/pull.h"

namespace nnc {

using loop::Val;

namespace {

// Taps up to this many are straight code.
constexpr int64_t kUnrolledTaps = 16;

bool is_short(const Shape& extents) {
  Dim count = element_count(extents);
  return count.is_constant() && count.value() <= kUnrolledTaps;
}

// Operand coordinates: those of the result with the folded axes put back.
AccessMap with_taps(const AccessMap& map, const std::vector<int64_t>& axes,
                    const std::vector<IndexExpr>& tap) {
  AccessMap out{{}, map.guards};
  size_t rank = map.index.size() + axes.size(), kept = 0, folded = 0;
  for (size_t i = 0; i < rank; ++i) {
    bool is_folded = folded < axes.size() && axes[folded] == static_cast<int64_t>(i);
    out.index.push_back(is_folded ? tap[folded++] : map.index[kept++]);
  }
  return out;
}

}  // namespace

std::vector<Val> Pull::for_taps(const Shape& extents, std::vector<Val> state, const TapStep& step) {
  Dim count = element_count(extents);
  if (is_short(extents)) {
    for (int64_t i = 0; i < count.value(); ++i) state = step(delinearize(IndexExpr(i), extents), state);
    return state;
  }
  return b_.for_loop(
      b_.index(0), b_.dim(count), 1, std::move(state), [&](Val iv, std::span<const Val> carried) {
        Scope scope(*this);
        return step(delinearize(variable(count, iv), extents), {carried.begin(), carried.end()});
      });
}

Val Pull::fold(Value v, const AccessMap& map, const Lanes& lanes) {
  const Node& n = body_.node(v);
  auto width = static_cast<size_t>(fold_group(n));
  size_t group = v.index / width;
  FoldRule rule = fold_rule(body_, n, static_cast<int>(group));
  std::vector<int64_t> axes = fold_axes(n);
  Shape extents;
  for (int64_t axis : axes) extents.push_back(body_.type(n.operands[0]).shape[static_cast<size_t>(axis)]);
  FoldState identity = fold_identity(b_, rule, lanes.count);
  FoldState state =
      for_taps(extents, identity, [&](const std::vector<IndexExpr>& tap, const FoldState& so_far) {
        std::vector<Val> operands;
        for (size_t k = 0; k < width; ++k) {
          operands.push_back(vector(n.operands[group * width + k], with_taps(map, axes, tap), lanes));
        }
        Val place = b_.broadcast(b_.cast(scalar(linearize(tap, extents)), DType::I32), lanes.count);
        return fold_merge(b_, rule, so_far, fold_element(b_, rule, std::move(operands), place));
      });
  return fold_results(b_, rule, state)[v.index % width];
}

// Window positions in ascending order are taps in descending order, which is how the interpreter sums.
Val Pull::unwindow(const Node& n, const AccessMap& map, const Lanes& lanes) {
  const UnwindowAttrs& a = n.as<UnwindowAttrs>();
  const Shape& windows = body_.type(n.operands[0]).shape;
  Shape taps(windows.end() - static_cast<ptrdiff_t>(a.windows.size()), windows.end());
  FoldState zero = {b_.broadcast(b_.immediate(Literal::from_int(n.results[0].dtype, 0)), lanes.count)};
  return for_taps(taps, zero, [&](const std::vector<IndexExpr>& reversed, const FoldState& so_far) {
    std::vector<IndexExpr> tap;
    for (size_t i = 0; i < taps.size(); ++i) tap.push_back(IndexExpr(taps[i] - 1) - reversed[i]);
    AccessMap inner = through_unwindow(a, windows, tap, map);
    Val value = vector(n.operands[0], inner, lanes);
    Val inside = mask(std::span(inner.guards).subspan(map.guards.size()), lanes);
    if (inside.valid()) value = b_.select(inside, value, zero[0]);
    return FoldState{b_.add(so_far[0], value)};
  })[0];
}

}  // namespace nnc
