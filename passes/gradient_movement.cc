// Gradients of movement, windows and indexing: each is the transpose, slice and pad, window and unwindow,
// gather and scatter_add being pairs.
#include "passes/gradient_rules.h"

namespace nnc::gradient {
namespace {

// -0 rather than 0: added to anything it changes no bit, so that the sum of the gradients of several slices is
// exactly their concat.
Literal nothing(const Pullback& p) { return Literal::from_double(p.b.dtype(p.g()), -0.0); }

// The transpose of a slice along one axis by scatter_add: for a stride over an extent not known until run
// time, which interior padding cannot express.
Value scatter_slice(const Pullback& p, Value g, int64_t axis, const Dim& start, int64_t stride,
                    const Dim& extent) {
  Builder& b = p.b;
  Shape to = b.shape(g);
  Value index = b.mul(b.iota({DType::I64, {to[axis]}}, 0), b.constant(Literal::from_int(DType::I64, stride)));
  index = b.add(index, b.extent(start));
  to[axis] = extent;
  return b.scatter_add(b.full(b.dtype(g), to, 0), index, g, axis);
}

}  // namespace

Gradients reshape(const Pullback& p) { return {p.b.reshape(p.g(), p.shape())}; }

Gradients permute(const Pullback& p) {
  return {p.b.permute(p.g(), inverse_order(p.node.as<PermuteAttrs>().order))};
}

Gradients broadcast(const Pullback& p) {
  const auto& a = p.node.as<BroadcastAttrs>();
  return {p.b.reduce_add(p.g(), other_axes(static_cast<int64_t>(a.shape.size()), a.axes))};
}

Gradients slice(const Pullback& p) {
  const auto& a = p.node.as<SliceAttrs>();
  Shape n = p.shape(), low(n.size()), high(n.size());
  std::vector<int64_t> interior(n.size(), 0);
  Value g = p.g();
  for (size_t i = 0; i < n.size(); ++i) {
    if (a.stride[i] > 1 && !a.size[i].is_constant()) {
      g = scatter_slice(p, g, static_cast<int64_t>(i), a.start[i], a.stride[i], n[i]);
      continue;
    }
    Dim taken = a.size[i].is(0) ? Dim(0) : (a.size[i] - 1) * Dim(a.stride[i]) + 1;
    low[i] = a.start[i];
    high[i] = n[i] - a.start[i] - taken;
    interior[i] = a.stride[i] - 1;
  }
  return {p.b.pad(g, low, high, interior, nothing(p))};
}

Gradients pad(const Pullback& p) {
  const auto& a = p.node.as<PadAttrs>();
  std::vector<int64_t> stride;
  for (int64_t gap : a.interior) stride.push_back(gap + 1);
  return {p.b.slice(p.g(), a.low, p.shape(), stride)};
}

Gradients concat(const Pullback& p) {
  int64_t axis = p.node.as<AxisAttrs>().axis;
  Gradients out(p.node.operands.size());
  Dim start = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    Dim size = p.shape(i)[axis];
    if (p.wants(i)) out[i] = p.b.slice_axis(p.g(), axis, start, size);
    start = start + size;
  }
  return out;
}

Gradients reverse(const Pullback& p) { return {p.b.reverse(p.g(), p.node.as<AxesAttrs>().axes)}; }

Gradients window(const Pullback& p) {
  return {p.b.unwindow(p.g(), p.node.as<WindowAttrs>().windows, p.shape())};
}

Gradients unwindow(const Pullback& p) { return {p.b.window(p.g(), p.node.as<UnwindowAttrs>().windows)}; }

Gradients gather(const Pullback& p) {
  Value zeros = p.b.full(p.b.dtype(p.g()), p.shape(), 0);
  return {p.b.scatter_add(zeros, p.x(1), p.g(), p.node.as<AxisAttrs>().axis)};
}

Gradients scatter_add(const Pullback& p) {
  Value updates = p.wants(2) ? p.b.gather(p.g(), p.x(1), p.node.as<AxisAttrs>().axis) : Value{};
  return {p.g(), Value{}, updates};
}

}  // namespace nnc::gradient
