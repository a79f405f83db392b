// Rules of movement, reductions and contractions.
#include <algorithm>
#include <numeric>

#include "passes/gradient_rules.h"
#include "passes/simplify.h"
#include "passes/simplify_match.h"

namespace nnc {
namespace {

using Values = std::vector<Value>;
using Axes = std::vector<int64_t>;

Value input(Builder& b, Shape shape, const char* name = "x") {
  return b.input(name, {DType::F32, std::move(shape)});
}
Literal f32(double v) { return Literal::from_double(DType::F32, v); }

// ---- one movement after another of its kind

Value reshape_reshape(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Reshape);
  Value x = inner ? inner->operands[0] : n.operands[0];
  return b.reshape(x, n.results[0].shape);
}
Values reshape_examples(Builder& b) {
  Value x = input(b, {2, 6});
  return {b.reshape(b.reshape(x, {12}), {3, 4}), b.reshape(b.reshape(x, {12}), {2, 6})};
}

// Steps on numbers that a reshape gave axes of extent 1, as sums over kept axes are, are steps on what it was given: one
// number a row, not a tensor of another shape, so that they can be part of what works on rows.
Shape without_ones(Shape shape) {
  std::erase_if(shape, [](const Dim& d) { return d.is(1); });
  return shape;
}

// reshape(v, shape), if elementwise steps are all there is between it and reshapes of that shape.
Value undone(Builder& b, Value v, const Shape& shape, int most_steps) {
  const Node n = b.graph().node(v);
  if (n.op == Op::Reshape) return b.shape(n.operands[0]) == shape ? n.operands[0] : Value{};
  if (n.op == Op::Broadcast && b.shape(n.operands[0]).empty()) return b.broadcast(n.operands[0], shape, {});
  if (!is_elementwise(n.op) || n.op == Op::Barrier || most_steps == 0) return {};
  std::vector<Value> operands;
  for (Value o : n.operands) {
    operands.push_back(undone(b, o, shape, most_steps - 1));
    if (!operands.back().valid()) return {};
  }
  return b.add_one(n.op, n.attrs, std::move(operands));
}

Value reshape_of_steps(Builder& b, const Node& n) {
  const Shape shape = n.results[0].shape, from = b.shape(n.operands[0]);
  if (!is_elementwise(b.graph().node(n.operands[0]).op) || without_ones(shape) != without_ones(from))
    return {};
  constexpr int kMostSteps = 8;
  return undone(b, n.operands[0], shape, kMostSteps);
}
Values reshape_of_steps_examples(Builder& b) {
  Value column = b.reshape(input(b, {6}), {6, 1}), one = b.full(DType::F32, {6, 1}, 1);
  Value root = b.sqrt(b.add(b.mul(column, column), one));
  return {b.reshape(b.div(one, column), {6}), b.reshape(root, {6})};
}

Value permute_permute(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Permute);
  if (!inner) return {};
  Axes order;
  for (int64_t axis : n.as<PermuteAttrs>().order) order.push_back(inner->as<PermuteAttrs>().order[axis]);
  return b.permute(inner->operands[0], order);
}
Values permute_examples(Builder& b) {
  Value x = input(b, {2, 3, 4});
  return {b.permute(b.permute(x, {2, 0, 1}), {0, 2, 1}), b.permute(b.permute(x, {2, 0, 1}), {1, 2, 0})};
}

// Axes of extent 1 may go anywhere without an element moving.
Value permute_of_ones(Builder& b, const Node& n) {
  Axes moved;
  Shape from = b.shape(n.operands[0]);
  for (int64_t axis : n.as<PermuteAttrs>().order) {
    if (!from[axis].is(1)) moved.push_back(axis);
  }
  if (!std::is_sorted(moved.begin(), moved.end())) return {};
  return b.reshape(n.operands[0], n.results[0].shape);
}
Values permute_of_ones_examples(Builder& b) { return {b.permute(input(b, {2, 1, 3, 1}), {1, 0, 3, 2})}; }

Value broadcast_broadcast(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Broadcast);
  if (!inner) return {};
  Axes axes;
  for (int64_t axis : inner->as<BroadcastAttrs>().axes) axes.push_back(n.as<BroadcastAttrs>().axes[axis]);
  return b.broadcast(inner->operands[0], n.results[0].shape, axes);
}
Values broadcast_examples(Builder& b) {
  return {b.broadcast(b.broadcast(input(b, {3}), {2, 3}, {1}), {2, 4, 3}, {0, 2})};
}

Value slice_slice(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Slice);
  if (!inner) return {};
  SliceAttrs in = inner->as<SliceAttrs>(), out = n.as<SliceAttrs>();
  for (size_t i = 0; i < out.start.size(); ++i) {
    out.start[i] = in.start[i] + out.start[i] * Dim(in.stride[i]);
    out.stride[i] *= in.stride[i];
  }
  return b.slice(inner->operands[0], out.start, out.size, out.stride);
}
Values slice_examples(Builder& b) {
  return {b.slice(b.slice(input(b, {20, 5}), {1, 1}, {9, 4}, {2, 1}), {2, 0}, {3, 2}, {3, 2})};
}

Value reverse_reverse(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Reverse);
  if (!inner) return {};
  const Axes &a = n.as<AxesAttrs>().axes, &c = inner->as<AxesAttrs>().axes;
  Axes axes;
  std::set_symmetric_difference(a.begin(), a.end(), c.begin(), c.end(), std::back_inserter(axes));
  return b.reverse(inner->operands[0], axes);
}
Values reverse_examples(Builder& b) {
  Value x = input(b, {2, 3, 4});
  return {b.reverse(b.reverse(x, {0, 1}), {0, 1}), b.reverse(b.reverse(x, {0, 1}), {1, 2})};
}

Value pad_pad(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Pad);
  const auto& out = n.as<PadAttrs>();
  bool gaps = std::any_of(out.interior.begin(), out.interior.end(), [](int64_t i) { return i != 0; });
  if (!inner || gaps || inner->as<PadAttrs>().value != out.value) return {};
  PadAttrs a = inner->as<PadAttrs>();
  for (size_t i = 0; i < a.low.size(); ++i) {
    a.low[i] = a.low[i] + out.low[i];
    a.high[i] = a.high[i] + out.high[i];
  }
  return b.pad(inner->operands[0], a.low, a.high, a.interior, a.value);
}
Values pad_examples(Builder& b) {
  Value once = b.pad(input(b, {2, 3}), {1, 0}, {0, 2}, {1, 0}, f32(7));
  return {b.pad(once, {0, 1}, {2, 1}, {0, 0}, f32(7))};
}

Value concat_concat(Builder& b, const Node& n) {
  int64_t axis = n.as<AxisAttrs>().axis;
  Values parts;
  for (Value v : n.operands) {
    const Node* inner = match(b, v, Op::Concat);
    if (inner && inner->as<AxisAttrs>().axis == axis)
      parts.insert(parts.end(), inner->operands.begin(), inner->operands.end());
    else
      parts.push_back(v);
  }
  return parts.size() == n.operands.size() ? Value{} : b.concat(parts, axis);
}
Values concat_concat_examples(Builder& b) {
  Value x = input(b, {2, 3}), y = input(b, {2, 1}, "y");
  return {b.concat({y, b.concat({x, y}, 1), x}, 1)};
}

// ---- slices of what was put together

// Axes the slice takes whole keep their padding; on the others it must lie inside the padded operand.
Value slice_pad(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Pad);
  if (!inner) return {};
  PadAttrs pad = inner->as<PadAttrs>();
  SliceAttrs cut = n.as<SliceAttrs>();
  Value x = inner->operands[0];
  Shape from = b.shape(x), padded = inner->results[0].shape;
  for (size_t i = 0; i < from.size(); ++i) {
    if (cut.start[i].is(0) && cut.size[i] == padded[i] && cut.stride[i] == 1) {
      cut.size[i] = from[i];
      continue;
    }
    Dim end = cut.start[i] + (cut.size[i] - 1) * Dim(cut.stride[i]) + 1;
    bool inside = never_negative(cut.start[i] - pad.low[i]) && never_negative(pad.low[i] + from[i] - end);
    if (!inside || pad.interior[i] != 0 || cut.size[i].is(0)) return {};
    cut.start[i] = cut.start[i] - pad.low[i];
    pad.low[i] = pad.high[i] = 0;
  }
  return b.pad(b.slice(x, cut.start, cut.size, cut.stride), pad.low, pad.high, pad.interior, pad.value);
}
Values slice_pad_examples(Builder& b) {
  Value p = b.pad(input(b, {4, 3}), {2, 1}, {1, 1}, {0, 1}, f32(-1));
  return {b.slice(p, {3, 0}, {2, 7}, {2, 1}), b.slice_axis(p, 0, 2, 4)};
}

Value slice_concat(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Concat);
  if (!inner) return {};
  int64_t axis = inner->as<AxisAttrs>().axis;
  SliceAttrs cut = n.as<SliceAttrs>();
  Dim start = 0, end = cut.start[axis] + (cut.size[axis] - 1) * Dim(cut.stride[axis]) + 1;
  for (Value part : inner->operands) {
    Dim next = start + b.shape(part)[axis];
    if (never_negative(cut.start[axis] - start) && never_negative(next - end)) {
      cut.start[axis] = cut.start[axis] - start;
      return b.slice(part, cut.start, cut.size, cut.stride);
    }
    start = next;
  }
  return {};
}
Values slice_concat_examples(Builder& b) {
  Value c = b.concat({input(b, {2, 3}), input(b, {2, 4}, "y")}, 1);
  return {b.slice_axis(c, 1, 3, 4), b.slice(c, {0, 0}, {1, 2}, {1, 2})};
}

// True when `second` continues where `first` ends, both cut from one value along `axis` alone.
bool adjoins(const Node& first, const Node& second, int64_t axis) {
  if (first.op != Op::Slice || second.op != Op::Slice || first.operands != second.operands) return false;
  SliceAttrs a = first.as<SliceAttrs>(), c = second.as<SliceAttrs>();
  if (a.stride[axis] != 1 || c.start[axis] != a.start[axis] + a.size[axis]) return false;
  c.start[axis] = a.start[axis];
  c.size[axis] = a.size[axis];
  return a == c;
}

Value concat_slices(Builder& b, const Node& n) {
  int64_t axis = n.as<AxisAttrs>().axis;
  Values parts;
  for (Value v : n.operands) {
    const Node last = parts.empty() ? Node{} : b.graph().node(parts.back());
    const Node next = b.graph().node(v);
    if (parts.empty() || !adjoins(last, next, axis)) {
      parts.push_back(v);
      continue;
    }
    SliceAttrs whole = last.as<SliceAttrs>();
    whole.size[axis] = whole.size[axis] + next.as<SliceAttrs>().size[axis];
    parts.back() = b.slice(last.operands[0], whole.start, whole.size, whole.stride);
  }
  return parts.size() == n.operands.size() ? Value{} : b.concat(parts, axis);
}
Values concat_slices_examples(Builder& b) {
  Value x = input(b, {2, 9}), y = input(b, {2, 1}, "y");
  auto cut = [&](int64_t at, int64_t size) { return b.slice_axis(x, 1, at, size); };
  return {b.concat({cut(0, 4), cut(4, 5)}, 1), b.concat({cut(1, 2), cut(3, 3), y, cut(0, 1)}, 1)};
}

// ---- sums of pads

// The one axis along which a pad of -0.0 adds something, or -1.
int64_t padded_axis(const Node& n) {
  const auto& a = n.as<PadAttrs>();
  int64_t axis = -1;
  for (size_t i = 0; i < a.low.size(); ++i) {
    if (a.interior[i] != 0) return -1;
    if (a.low[i].is(0) && a.high[i].is(0)) continue;
    if (axis >= 0) return -1;
    axis = static_cast<int64_t>(i);
  }
  bool neutral =
      is_float(a.value.dtype) ? a.value == Literal::from_double(a.value.dtype, -0.0) : a.value.bits == 0;
  return neutral ? axis : -1;
}

// -0 is what addition leaves alone, -0 itself included, so the padding adds nothing to the other operand.
Value add_pads(Builder& b, const Node& n) {
  const Node *p = match(b, n.operands[0], Op::Pad), *q = match(b, n.operands[1], Op::Pad);
  if (!p || !q) return {};
  int64_t axis = padded_axis(*p);
  if (axis < 0 || padded_axis(*q) != axis) return {};
  if (!never_negative(q->as<PadAttrs>().low[axis] - p->as<PadAttrs>().low[axis])) std::swap(p, q);
  PadAttrs first = p->as<PadAttrs>(), second = q->as<PadAttrs>();
  Value x = p->operands[0], y = q->operands[0];
  Dim gap = second.low[axis] - first.low[axis] - b.shape(x)[axis];
  if (!never_negative(gap)) return {};
  Shape none(first.low.size(), Dim(0)), after = none;
  after[axis] = gap;
  first.high[axis] = second.high[axis];
  Value joined = b.concat({b.pad(x, none, after, first.interior, first.value), y}, axis);
  return b.pad(joined, first.low, first.high, first.interior, first.value);
}
Values add_pads_examples(Builder& b) {
  auto pad = [&](const char* name, int64_t size, int64_t low) {
    return b.pad(input(b, {2, size}, name), {0, low}, {0, 9 - low - size}, {0, 0}, f32(-0.0));
  };
  return {b.add(pad("x", 4, 0), pad("y", 5, 4)), b.add(pad("x", 4, 5), pad("y", 5, 0)),
          b.add(pad("w", 2, 6), pad("z", 3, 1))};
}

// ---- reductions and contractions

bool selects(Monoid m) { return m == Monoid::Max || m == Monoid::Min; }

// The extremum of copies is the value, and there is at least one copy.
Value extremum_of_broadcast(Builder& b, const Node& n) {
  const auto& a = n.as<ReduceAttrs>();
  const Node* inner = n.operands.size() == 1 ? match(b, n.operands[0], Op::Broadcast) : nullptr;
  if (!inner || !selects(a.monoid)) return {};
  const auto& repeat = inner->as<BroadcastAttrs>();
  for (int64_t axis : a.axes) {
    bool copies = repeat.shape[axis].is_constant() && repeat.shape[axis].value() > 0;
    if (!copies || std::binary_search(repeat.axes.begin(), repeat.axes.end(), axis)) return {};
  }
  Axes axes;
  for (int64_t axis : repeat.axes) {
    axes.push_back(axis - (std::lower_bound(a.axes.begin(), a.axes.end(), axis) - a.axes.begin()));
  }
  return b.broadcast(inner->operands[0], n.results[0].shape, axes);
}
Values extremum_of_broadcast_examples(Builder& b) {
  Value x = b.broadcast(input(b, {3}), {2, 3, 4}, {1});
  return {b.reduce_max(x, {0}), b.reduce(Monoid::Min, x, {0, 2})};
}

Value extremum_of_extremum(Builder& b, const Node& n) {
  const auto& a = n.as<ReduceAttrs>();
  const Node* inner = n.operands.size() == 1 ? match(b, n.operands[0], Op::Reduce) : nullptr;
  if (!inner || inner->operands.size() != 1 || !selects(a.monoid) ||
      inner->as<ReduceAttrs>().monoid != a.monoid)
    return {};
  Axes axes = inner->as<ReduceAttrs>().axes;
  Axes left = other_axes(b.type(inner->operands[0]).rank(), axes);
  for (int64_t axis : a.axes) axes.push_back(left[axis]);
  std::sort(axes.begin(), axes.end());
  return b.reduce(a.monoid, inner->operands[0], axes);
}
Values extremum_of_extremum_examples(Builder& b) {
  return {b.reduce_max(b.reduce_max(input(b, {2, 3, 4}), {1}), {1}),
          b.reduce(Monoid::Min, b.reduce(Monoid::Min, input(b, {2, 3, 4}), {0}), {0, 1})};
}

// A dot reads its operands through their permutes, as long as the free axes stay in order.
Value dot_of_permute(Builder& b, const Node& n) {
  DotAttrs a = n.as<DotAttrs>();
  Values operands = n.operands;
  for (size_t side : {0, 1}) {
    const Node* inner = match(b, operands[side], Op::Permute);
    if (!inner) continue;
    const Axes& order = inner->as<PermuteAttrs>().order;
    Axes &batch = side == 0 ? a.lhs_batch : a.rhs_batch,
         &contract = side == 0 ? a.lhs_contract : a.rhs_contract;
    Axes used = batch;
    used.insert(used.end(), contract.begin(), contract.end());
    Axes free;
    for (int64_t axis : other_axes(static_cast<int64_t>(order.size()), used)) free.push_back(order[axis]);
    if (!std::is_sorted(free.begin(), free.end())) continue;
    for (int64_t& axis : batch) axis = order[axis];
    for (int64_t& axis : contract) axis = order[axis];
    operands[side] = inner->operands[0];
  }
  return operands == n.operands ? Value{} : b.dot(operands[0], operands[1], a);
}
Values dot_of_permute_examples(Builder& b) {
  Value x = input(b, {2, 3, 4}), w = input(b, {5, 4}, "w");
  return {b.dot(x, b.permute(w, {1, 0}), {{}, {}, {2}, {0}}),
          b.dot(b.permute(x, {2, 0, 1}), w, {{}, {}, {0}, {1}}),
          b.dot(b.permute(x, {1, 0, 2}), b.permute(x, {0, 2, 1}), {{1}, {0}, {0, 2}, {2, 1}})};
}

constexpr Rule kRules[] = {
    {"reshape_reshape", "reshape(reshape(x)) = reshape(x)", Op::Reshape, reshape_reshape, reshape_examples},
    {"reshape_of_steps",
     "reshape(f(reshape(x))) = f(x) for elementwise f, if only axes of extent 1 come and go", Op::Reshape,
     reshape_of_steps, reshape_of_steps_examples},
    {"permute_permute", "permute(permute(x, p), q) = permute(x, p[q])", Op::Permute, permute_permute,
     permute_examples},
    {"permute_of_ones", "a permute that moves only axes of extent 1 is a reshape", Op::Permute,
     permute_of_ones, permute_of_ones_examples},
    {"broadcast_broadcast", "broadcast(broadcast(x)) = broadcast(x)", Op::Broadcast, broadcast_broadcast,
     broadcast_examples},
    {"slice_slice", "x[a : : s][b : : t] = x[a + s b : : s t]", Op::Slice, slice_slice, slice_examples},
    {"reverse_reverse", "an axis reversed twice is not reversed", Op::Reverse, reverse_reverse,
     reverse_examples},
    {"pad_pad", "pads of one value add up, where the outer has no interior", Op::Pad, pad_pad, pad_examples},
    {"concat_concat", "concat(x, concat(y, z)) = concat(x, y, z)", Op::Concat, concat_concat,
     concat_concat_examples},
    {"slice_pad", "a slice inside the padded operand is a slice of it", Op::Slice, slice_pad,
     slice_pad_examples},
    {"slice_concat", "a slice inside one operand of a concat is a slice of it", Op::Slice, slice_concat,
     slice_concat_examples},
    {"concat_slices", "concat(x[a : b], x[b : c]) = x[a : c]", Op::Concat, concat_slices,
     concat_slices_examples},
    {"add_pads", "pad(x, -0) + pad(y, -0) = pad(concat(x, y)) where they are disjoint", Op::Add, add_pads,
     add_pads_examples},
    {"extremum_of_broadcast", "max over copies of x = x; min too", Op::Reduce, extremum_of_broadcast,
     extremum_of_broadcast_examples},
    {"extremum_of_extremum", "max(max(x, p), q) = max(x, p and q); min too", Op::Reduce, extremum_of_extremum,
     extremum_of_extremum_examples},
    {"dot_of_permute", "dot(permute(x), y) = dot(x, y) with the axes renamed", Op::Dot, dot_of_permute,
     dot_of_permute_examples},
};

}  // namespace

std::span<const Rule> movement_simplifications() { return kRules; }

}  // namespace nnc
