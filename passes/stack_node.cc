// Attributes with a leading axis put before those they name.
#include "passes/stack_node.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace nnc {
namespace {

template <class T>
std::vector<T> prefixed(T first, const std::vector<T>& rest) {
  std::vector<T> out{std::move(first)};
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::vector<int64_t> shifted(std::vector<int64_t> axes) {
  for (int64_t& a : axes) ++a;
  return axes;
}

// The axis at `from` moved to the front.
Value to_front(Builder& b, Value v, int64_t from) {
  std::vector<int64_t> order(b.shape(v).size());
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin(), order.begin() + from, order.begin() + from + 1);
  return b.permute(v, order);
}

PadAttrs with_leading(PadAttrs a) {
  return {prefixed(Dim(0), a.low), prefixed(Dim(0), a.high), prefixed<int64_t>(0, a.interior), a.value};
}
SliceAttrs with_leading(SliceAttrs a, const Dim& length) {
  return {prefixed(Dim(0), a.start), prefixed(length, a.size), prefixed<int64_t>(1, a.stride)};
}
std::vector<WindowAxis> with_leading(std::vector<WindowAxis> windows) {
  for (WindowAxis& w : windows) ++w.axis;
  return windows;
}

// One side stacked: the steps are one more free axis of that side. Both: one more batch axis.
Value stack_dot(Builder& b, DotAttrs a, const std::vector<Value>& v, const std::vector<bool>& stacked) {
  auto batch = static_cast<int64_t>(a.lhs_batch.size());
  int64_t lhs_free = b.type(v[0]).rank() - batch - static_cast<int64_t>(a.lhs_contract.size());
  if (stacked[0]) a.lhs_batch = shifted(a.lhs_batch), a.lhs_contract = shifted(a.lhs_contract);
  if (stacked[1]) a.rhs_batch = shifted(a.rhs_batch), a.rhs_contract = shifted(a.rhs_contract);
  if (stacked[0] && stacked[1]) {
    a.lhs_batch = prefixed<int64_t>(0, a.lhs_batch);
    a.rhs_batch = prefixed<int64_t>(0, a.rhs_batch);
    return b.dot(v[0], v[1], a);
  }
  return to_front(b, b.dot(v[0], v[1], a), stacked[0] ? batch : batch + lhs_free);
}

Value stack_gather(Builder& b, int64_t axis, const std::vector<Value>& v, bool data_stacked) {
  if (data_stacked) return b.gather(v[0], v[1], axis + 1);
  return to_front(b, b.gather(v[0], v[1], axis), axis);
}

}  // namespace

Value repeat_leading(Builder& b, Value v, const Dim& length) {
  Shape shape = prefixed(length, b.shape(v));
  std::vector<int64_t> axes(shape.size() - 1);
  std::iota(axes.begin(), axes.end(), 1);
  return b.broadcast(v, shape, axes);
}

bool can_stack(const Node& n, const std::vector<bool>& stacked) {
  switch (info(n.op).op_class) {
    case OpClass::Unary:
      return n.op != Op::Barrier;
    case OpClass::Binary:
    case OpClass::Ternary:
    case OpClass::Movement:
    case OpClass::Concat:
    case OpClass::Window:
    case OpClass::Dot:
      return true;
    case OpClass::Reduce:
      return n.operands.size() == 1;
    case OpClass::Index:
      return n.op == Op::Gather && stacked[0] != stacked[1];
    case OpClass::Leaf:
    case OpClass::Random:
    case OpClass::Control:
    case OpClass::Structure:
      return false;
  }
  return false;
}

Value stack_node(Builder& b, const Node& n, const std::vector<Value>& operands,
                 const std::vector<bool>& stacked, const Dim& length) {
  assert(can_stack(n, stacked));
  if (n.op == Op::Dot) return stack_dot(b, n.as<DotAttrs>(), operands, stacked);
  if (n.op == Op::Gather) return stack_gather(b, n.as<AxisAttrs>().axis, operands, stacked[0]);
  std::vector<Value> v = operands;
  for (size_t i = 0; i < v.size(); ++i) {
    if (!stacked[i]) v[i] = repeat_leading(b, v[i], length);
  }
  Attrs attrs = n.attrs;
  if (auto* a = std::get_if<ShapeAttrs>(&attrs)) a->shape = prefixed(length, a->shape);
  if (auto* a = std::get_if<PermuteAttrs>(&attrs)) a->order = prefixed<int64_t>(0, shifted(a->order));
  if (auto* a = std::get_if<BroadcastAttrs>(&attrs)) {
    *a = {prefixed(length, a->shape), prefixed<int64_t>(0, shifted(a->axes))};
  }
  if (auto* a = std::get_if<SliceAttrs>(&attrs)) *a = with_leading(*a, length);
  if (auto* a = std::get_if<PadAttrs>(&attrs)) *a = with_leading(*a);
  if (auto* a = std::get_if<AxisAttrs>(&attrs)) ++a->axis;
  if (auto* a = std::get_if<AxesAttrs>(&attrs)) a->axes = shifted(a->axes);
  if (auto* a = std::get_if<WindowAttrs>(&attrs)) a->windows = with_leading(a->windows);
  if (auto* a = std::get_if<UnwindowAttrs>(&attrs)) {
    *a = {with_leading(a->windows), prefixed(length, a->shape)};
  }
  if (auto* a = std::get_if<ReduceAttrs>(&attrs)) a->axes = shifted(a->axes);
  return b.add_one(n.op, std::move(attrs), std::move(v));
}

}  // namespace nnc
