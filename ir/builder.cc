#include "ir/builder.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {

std::vector<Value> Builder::add_node(Op op, Attrs attrs, std::vector<Value> operands) {
  NodeId id = graph_.add(op, std::move(attrs), std::move(operands), scope_, loc_);
  std::vector<Value> out;
  for (uint32_t i = 0; i < graph_.node(id).results.size(); ++i) out.push_back({id, i});
  return out;
}

Value Builder::add_one(Op op, Attrs attrs, std::vector<Value> operands) {
  return {graph_.add(op, std::move(attrs), std::move(operands), scope_, loc_), 0};
}

Value Builder::input(const std::string& name, Type type) {
  return add_one(Op::Input, InputAttrs{name, std::move(type)}, {});
}
Value Builder::param(const std::string& path, Type type, bool trainable) {
  return add_one(Op::Param, ParamAttrs{path, std::move(type), trainable}, {});
}
Value Builder::constant(Literal value) { return add_one(Op::Constant, ConstantAttrs{value}, {}); }
Value Builder::scalar(DType dtype, double value) { return constant(Literal::from_double(dtype, value)); }
Value Builder::full(DType dtype, const Shape& shape, double value) {
  return broadcast_to(scalar(dtype, value), shape);
}
Value Builder::iota(Type type, int64_t axis) {
  return add_one(Op::Iota, IotaAttrs{std::move(type), axis}, {});
}
Value Builder::extent(const Dim& dim) {
  if (dim.is_constant()) return constant(Literal::from_int(DType::I64, dim.value()));
  return add_one(Op::Extent, ExtentAttrs{dim}, {});
}
Value Builder::random(const std::string& key, Type type, Value seed, Value counter) {
  return add_one(Op::Random, RandomAttrs{key, std::move(type)}, {seed, counter});
}

Value Builder::unary(Op op, Value x) { return add_one(op, NoAttrs{}, {x}); }

Value Builder::binary(Op op, Value a, Value b) {
  Shape out = broadcast_shape(shape(a), shape(b));
  return add_one(op, NoAttrs{}, {broadcast_to(a, out), broadcast_to(b, out)});
}

Value Builder::select(Value condition, Value a, Value b) {
  Shape out = broadcast_shape(shape(condition), broadcast_shape(shape(a), shape(b)));
  return add_one(Op::Select, NoAttrs{},
                 {broadcast_to(condition, out), broadcast_to(a, out), broadcast_to(b, out)});
}

Value Builder::cast(Value x, DType to) { return dtype(x) == to ? x : add_one(Op::Cast, CastAttrs{to}, {x}); }

Value Builder::reshape(Value x, const Shape& to) {
  return shape(x) == to ? x : add_one(Op::Reshape, ShapeAttrs{to}, {x});
}

Value Builder::permute(Value x, const std::vector<int64_t>& order) {
  bool identity =
      static_cast<int64_t>(order.size()) == type(x).rank() && std::is_sorted(order.begin(), order.end());
  return identity ? x : add_one(Op::Permute, PermuteAttrs{order}, {x});
}

Value Builder::broadcast(Value x, const Shape& to, const std::vector<int64_t>& axes) {
  if (shape(x) == to && axes.size() == to.size()) return x;
  return add_one(Op::Broadcast, BroadcastAttrs{to, axes}, {x});
}

Shape Builder::broadcast_shape(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    Dim& d = out[offset + i];
    if (d == shorter[i] || shorter[i].is(1)) continue;
    if (!d.is(1)) throw Error(fmt::format("shapes {} and {} do not broadcast", to_string(a), to_string(b)));
    d = shorter[i];
  }
  return out;
}

Value Builder::broadcast_to(Value x, const Shape& to) {
  if (shape(x) == to) return x;
  const Shape from = shape(x);
  if (broadcast_shape(from, to) != to) {
    throw Error(fmt::format("shape {} does not broadcast to {}", to_string(from), to_string(to)));
  }
  // Axes of extent 1 that repeat are dropped first: broadcast itself only adds axes.
  size_t offset = to.size() - from.size();
  Shape kept;
  std::vector<int64_t> axes;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != to[offset + i]) continue;
    kept.push_back(from[i]);
    axes.push_back(static_cast<int64_t>(offset + i));
  }
  return broadcast(reshape(x, kept), to, axes);
}

Value Builder::slice(Value x, const Shape& start, const Shape& size, const std::vector<int64_t>& stride) {
  bool whole = size == shape(x) &&
               std::all_of(stride.begin(), stride.end(), [](int64_t s) { return s == 1; }) &&
               std::all_of(start.begin(), start.end(), [](const Dim& d) { return d.is(0); });
  return whole ? x : add_one(Op::Slice, SliceAttrs{start, size, stride}, {x});
}

Value Builder::slice_axis(Value x, int64_t axis, const Dim& start, const Dim& size) {
  Shape starts(shape(x).size(), Dim(0)), sizes = shape(x);
  if (axis < 0 || axis >= type(x).rank())
    throw Error(fmt::format("slice: axis {} does not exist in {}", axis, type(x).str()));
  starts[axis] = start;
  sizes[axis] = size;
  return slice(x, starts, sizes, std::vector<int64_t>(sizes.size(), 1));
}

Value Builder::pad(Value x, const Shape& low, const Shape& high, const std::vector<int64_t>& interior,
                   Literal value) {
  auto zero = [](const Shape& s) {
    return std::all_of(s.begin(), s.end(), [](const Dim& d) { return d.is(0); });
  };
  bool nothing = zero(low) && zero(high) &&
                 std::all_of(interior.begin(), interior.end(), [](int64_t i) { return i == 0; });
  bool fits = static_cast<int64_t>(low.size()) == type(x).rank();
  return nothing && fits ? x : add_one(Op::Pad, PadAttrs{low, high, interior, value}, {x});
}

Value Builder::concat(const std::vector<Value>& xs, int64_t axis) {
  return xs.size() == 1 ? xs[0] : add_one(Op::Concat, AxisAttrs{axis}, xs);
}

Value Builder::reverse(Value x, const std::vector<int64_t>& axes) {
  return axes.empty() ? x : add_one(Op::Reverse, AxesAttrs{axes}, {x});
}

Value Builder::window(Value x, const std::vector<WindowAxis>& windows) {
  return windows.empty() ? x : add_one(Op::Window, WindowAttrs{windows}, {x});
}

Value Builder::unwindow(Value x, const std::vector<WindowAxis>& windows, const Shape& to) {
  return windows.empty() ? x : add_one(Op::Unwindow, UnwindowAttrs{windows, to}, {x});
}

Value Builder::gather(Value data, Value indices, int64_t axis) {
  return add_one(Op::Gather, AxisAttrs{axis}, {data, indices});
}

Value Builder::scatter_add(Value base, Value indices, Value updates, int64_t axis) {
  return add_one(Op::ScatterAdd, AxisAttrs{axis}, {base, indices, updates});
}

Value Builder::reduce(Monoid monoid, Value x, const std::vector<int64_t>& axes) {
  return axes.empty() ? x : add_one(Op::Reduce, ReduceAttrs{monoid, axes}, {x});
}

std::vector<Value> Builder::reduce(Monoid monoid, const std::vector<Value>& xs,
                                   const std::vector<int64_t>& axes) {
  return add_node(Op::Reduce, ReduceAttrs{monoid, axes}, xs);
}

Value Builder::argmax(Value x, int64_t axis) { return add_one(Op::ArgMax, AxisAttrs{axis}, {x}); }
Value Builder::argmin(Value x, int64_t axis) { return add_one(Op::ArgMin, AxisAttrs{axis}, {x}); }

Value Builder::dot(Value lhs, Value rhs, DotAttrs attrs) {
  return add_one(Op::Dot, std::move(attrs), {lhs, rhs});
}

Value Builder::contract(Value lhs, Value rhs, int64_t lhs_axis, int64_t rhs_axis) {
  DType accumulate = dtype(lhs) == DType::F64 ? DType::F64 : DType::F32;
  return dot(lhs, rhs, DotAttrs{{}, {}, {lhs_axis}, {rhs_axis}, accumulate});
}

std::vector<Value> Builder::scan(ScanAttrs attrs, std::vector<Value> operands) {
  return add_node(Op::Scan, std::move(attrs), std::move(operands));
}

namespace {

ScopeId copy_scope(Graph& to, const Graph& from, ScopeId id, ScopeId base) {
  if (id == 0) return base;
  return to.scope(copy_scope(to, from, from.scopes()[id].parent, base), from.scopes()[id].name);
}

std::vector<bool> needed(const Graph& g, const std::vector<Value>& roots) {
  std::vector<bool> need(g.size(), false);
  for (Value v : roots) need[v.node] = true;
  for (size_t id = g.size(); id-- > 0;) {
    if (!need[id]) continue;
    for (Value v : g.node(static_cast<NodeId>(id)).operands) need[v.node] = true;
  }
  return need;
}

}  // namespace

std::vector<Value> inline_graph(Builder& b, const Graph& source, const std::vector<Value>& arguments,
                                const std::vector<Value>& roots) {
  std::vector<NodeId> image(source.size(), UINT32_MAX);
  std::vector<Value> input_image(source.size());
  for (size_t i = 0; i < source.inputs().size(); ++i) input_image[source.inputs()[i]] = arguments.at(i);
  auto mapped = [&](Value v) {
    return input_image[v.node].valid() ? input_image[v.node] : Value{image[v.node], v.index};
  };
  std::vector<bool> need = needed(source, roots);
  for (NodeId id = 0; id < source.size(); ++id) {
    if (!need[id] || input_image[id].valid()) continue;
    const Node& n = source.node(id);
    std::vector<Value> operands;
    for (Value v : n.operands) operands.push_back(mapped(v));
    ScopeId scope = copy_scope(b.graph(), source, n.scope, b.scope());
    image[id] = b.graph().add(n.op, n.attrs, std::move(operands), scope, n.loc);
  }
  std::vector<Value> out;
  for (Value v : roots) out.push_back(mapped(v));
  return out;
}

}  // namespace nnc
