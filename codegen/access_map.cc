#include "codegen/access_map.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

namespace nnc {

bool Guard::always() const {
  IndexExpr::Range r = index.range();
  return r.certain && provably_not_negative(r.lo - lo) && provably_not_negative(hi - r.hi - 1);
}

bool AccessMap::uses(int variable) const {
  return std::any_of(index.begin(), index.end(), [&](const IndexExpr& e) { return e.uses(variable); }) ||
         std::any_of(guards.begin(), guards.end(), [&](const Guard& g) { return g.index.uses(variable); });
}

bool AccessMap::has_division() const {
  return std::any_of(index.begin(), index.end(), [](const IndexExpr& e) { return e.has_division(); }) ||
         std::any_of(guards.begin(), guards.end(), [](const Guard& g) { return g.index.has_division(); });
}

std::string AccessMap::str() const {
  std::string out = "[";
  for (const IndexExpr& e : index) out += (out.size() > 1 ? ", " : "") + e.str();
  out += "]";
  for (const Guard& g : guards)
    out += fmt::format(" if {} <= {} < {}", g.lo.str(), g.index.str(), g.hi.str());
  return out;
}

IndexExpr linearize(std::span<const IndexExpr> index, const Shape& shape) {
  assert(index.size() == shape.size());
  Shape strides = row_major_strides(shape);
  IndexExpr sum;
  for (size_t i = 0; i < shape.size(); ++i) sum = sum + index[i] * strides[i];
  return sum;
}

std::vector<IndexExpr> delinearize(const IndexExpr& linear, const Shape& shape) {
  Shape strides = row_major_strides(shape);
  std::vector<IndexExpr> out(shape.size());
  bool leading = true;  // the first axis longer than 1 needs no remainder
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].is(1)) continue;
    out[i] = linear / strides[i];
    if (!leading) out[i] = out[i] % shape[i];
    leading = false;
  }
  return out;
}

namespace {

// Axes [from_begin, from_end) of one shape and [to_begin, to_end) of the other hold the same elements.
struct AxisGroup {
  size_t from_begin, from_end, to_begin, to_end;
};

// Cuts two shapes of as many elements at every place where the products so far agree, so that symbolic axes
// meet their own kind and are never divided.
std::vector<AxisGroup> matching_groups(const Shape& from, const Shape& to) {
  std::vector<AxisGroup> out;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    AxisGroup best{i, from.size(), j, to.size()};
    size_t shortest = SIZE_MAX;
    Dim a = 1;
    for (size_t p = i; p < from.size(); ++p) {
      a = a * from[p];
      Dim b = 1;
      for (size_t q = j; q < to.size(); ++q) {
        b = b * to[q];
        if (a == b && p - i + q - j < shortest) {
          shortest = p - i + q - j;
          best = {i, p + 1, j, q + 1};
        }
      }
    }
    out.push_back(best);
    i = best.from_end;
    j = best.to_end;
  }
  return out;
}

AccessMap through_reshape(const Shape& operand, const Shape& result, const AccessMap& map) {
  AccessMap out{std::vector<IndexExpr>(operand.size()), map.guards};
  for (const AxisGroup& g : matching_groups(operand, result)) {
    Shape to(result.begin() + g.to_begin, result.begin() + g.to_end);
    Shape from(operand.begin() + g.from_begin, operand.begin() + g.from_end);
    std::vector<IndexExpr> index =
        delinearize(linearize(std::span(map.index).subspan(g.to_begin, to.size()), to), from);
    std::copy(index.begin(), index.end(), out.index.begin() + g.from_begin);
  }
  return out;
}

AccessMap through_permute(const PermuteAttrs& a, const AccessMap& map) {
  AccessMap out = map;
  for (size_t i = 0; i < a.order.size(); ++i) out.index[a.order[i]] = map.index[i];
  return out;
}

AccessMap through_broadcast(const BroadcastAttrs& a, const AccessMap& map) {
  AccessMap out{{}, map.guards};
  for (int64_t axis : a.axes) out.index.push_back(map.index[axis]);
  return out;
}

AccessMap through_slice(const SliceAttrs& a, const AccessMap& map) {
  AccessMap out = map;
  for (size_t i = 0; i < a.start.size(); ++i)
    out.index[i] = map.index[i] * Dim(a.stride[i]) + IndexExpr(a.start[i]);
  return out;
}

void add_guard(AccessMap& map, Guard guard) {
  if (!guard.always()) map.guards.push_back(std::move(guard));
}

AccessMap through_pad(const PadAttrs& a, const Shape& operand, const AccessMap& map) {
  AccessMap out = map;
  for (size_t i = 0; i < a.low.size(); ++i) {
    IndexExpr shifted = map.index[i] - IndexExpr(a.low[i]);
    Dim step = a.interior[i] + 1;
    if (a.interior[i] > 0) add_guard(out, {shifted % step, 0, 1});
    out.index[i] = shifted / step;
    add_guard(out, {out.index[i], 0, operand[i]});
  }
  return out;
}

AccessMap through_reverse(const AxesAttrs& a, const Shape& operand, const AccessMap& map) {
  AccessMap out = map;
  for (int64_t axis : a.axes) out.index[axis] = IndexExpr(operand[axis] - 1) - map.index[axis];
  return out;
}

AccessMap through_window(const WindowAttrs& a, const Shape& operand, const AccessMap& map) {
  AccessMap out = map;
  out.index.resize(operand.size());
  for (size_t i = 0; i < a.windows.size(); ++i) {
    const WindowAxis& w = a.windows[i];
    out.index[w.axis] = map.index[w.axis] * Dim(w.stride) + map.index[operand.size() + i] * Dim(w.dilation);
  }
  return out;
}

}  // namespace

bool only_moves(Op op) { return info(op).op_class == OpClass::Movement || op == Op::Window; }

AccessMap through_view(const Node& view, const Shape& operand, const AccessMap& map) {
  assert(only_moves(view.op));
  if (view.op == Op::Reshape) return through_reshape(operand, view.results[0].shape, map);
  if (view.op == Op::Permute) return through_permute(view.as<PermuteAttrs>(), map);
  if (view.op == Op::Broadcast) return through_broadcast(view.as<BroadcastAttrs>(), map);
  if (view.op == Op::Slice) return through_slice(view.as<SliceAttrs>(), map);
  if (view.op == Op::Pad) return through_pad(view.as<PadAttrs>(), operand, map);
  if (view.op == Op::Reverse) return through_reverse(view.as<AxesAttrs>(), operand, map);
  return through_window(view.as<WindowAttrs>(), operand, map);
}

AccessMap through_concat(const Dim& start, const Dim& extent, int64_t axis, const AccessMap& map) {
  AccessMap out = map;
  out.index[axis] = map.index[axis] - IndexExpr(start);
  add_guard(out, {out.index[axis], 0, extent});
  return out;
}

AccessMap through_unwindow(const UnwindowAttrs& a, const Shape& windows, std::span<const IndexExpr> tap,
                           const AccessMap& map) {
  AccessMap out = map;
  for (size_t i = 0; i < a.windows.size(); ++i) {
    const WindowAxis& w = a.windows[i];
    auto axis = static_cast<size_t>(w.axis);
    IndexExpr from = map.index[axis] - tap[i] * Dim(w.dilation);
    if (w.stride > 1) add_guard(out, {from % w.stride, 0, 1});
    out.index[axis] = from / w.stride;
    add_guard(out, {out.index[axis], 0, windows[axis]});
    out.index.push_back(tap[i]);
  }
  return out;
}

Access trace_views(const Graph& graph, Value value, AccessMap map) {
  Access out{value, std::move(map), std::nullopt};
  while (only_moves(graph.node(out.source).op)) {
    const Node& view = graph.node(out.source);
    AccessMap next = through_view(view, graph.type(view.operands[0]).shape, out.map);
    if (next.guards.size() > out.map.guards.size()) {
      Literal fill = view.as<PadAttrs>().value;
      if (out.fill && *out.fill != fill) return out;
      out.fill = fill;
    }
    out.source = view.operands[0];
    out.map = std::move(next);
  }
  return out;
}

}  // namespace nnc
