// Result types, one function per op. An operand that does not fit is an Error with every shape involved.
#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/graph.h"

namespace nnc {
namespace {

using Types = std::span<const Type>;

[[noreturn]] void fail(Op op, const std::string& what) {
  throw Error(fmt::format("{}: {}", info(op).name, what));
}

std::string list(Types types) {
  std::string out;
  for (size_t i = 0; i < types.size(); ++i) out += (i ? " and " : "") + types[i].str();
  return out;
}

void check_axis(Op op, int64_t axis, const Type& t) {
  if (axis < 0 || axis >= t.rank()) fail(op, fmt::format("axis {} does not exist in {}", axis, t.str()));
}

void check_axes(Op op, const std::vector<int64_t>& axes, const Type& t) {
  for (size_t i = 0; i < axes.size(); ++i) {
    check_axis(op, axes[i], t);
    if (i > 0 && axes[i] <= axes[i - 1]) fail(op, "axes must be increasing");
  }
}

void check_per_axis(Op op, size_t count, const Type& t, const char* what) {
  if (static_cast<int64_t>(count) != t.rank()) {
    fail(op, fmt::format("{} needs one entry per axis of {}, and has {}", what, t.str(), count));
  }
}

void check_not_negative(Op op, const Dim& d, const char* what) {
  if (d.is_constant() && d.value() < 0) fail(op, fmt::format("{} is negative: {}", what, d.str()));
}

void check_dtypes(Op op, Types operands) {
  for (const Type& t : operands) {
    if (allows(info(op).dtypes, t.dtype)) continue;  // scatter_add's indices are numbers too
    if (op == Op::Dot && t.dtype == DType::BF16) continue;
    std::string hint = t.dtype == DType::BF16 ? "; cast it to f32 first" : "";
    fail(op, fmt::format("is not defined on {}{}", t.str(), hint));
  }
}

Type elementwise(Op op, Types t) {
  for (const Type& other : t.subspan(1)) {
    if (other != t[0]) fail(op, "the operands differ: " + list(t));
  }
  Type out = t[0];
  if (has_trait(op, kPredicate)) out.dtype = DType::Bool;
  return out;
}

Type select(Types t) {
  if (t[0].dtype != DType::Bool) fail(Op::Select, "the condition must be bool, not " + t[0].str());
  if (t[1] != t[2] || t[0].shape != t[1].shape) fail(Op::Select, "the operands differ: " + list(t));
  return t[1];
}

Type reshape(const ShapeAttrs& a, const Type& t) {
  for (const Dim& d : a.shape) check_not_negative(Op::Reshape, d, "an extent");
  Dim from = element_count(t.shape), to = element_count(a.shape);
  if (from != to) {
    fail(Op::Reshape,
         fmt::format("{} has {} elements, {} has {}", t.str(), from.str(), to_string(a.shape), to.str()));
  }
  return {t.dtype, a.shape};
}

Type permute(const PermuteAttrs& a, const Type& t) {
  check_per_axis(Op::Permute, a.order.size(), t, "order");
  std::vector<bool> seen(a.order.size(), false);
  Type out{t.dtype, {}};
  for (int64_t axis : a.order) {
    check_axis(Op::Permute, axis, t);
    if (seen[axis]) fail(Op::Permute, fmt::format("axis {} occurs twice", axis));
    seen[axis] = true;
    out.shape.push_back(t.shape[axis]);
  }
  return out;
}

Type broadcast(const BroadcastAttrs& a, const Type& t) {
  check_per_axis(Op::Broadcast, a.axes.size(), t, "axes");
  Type out{t.dtype, a.shape};
  check_axes(Op::Broadcast, a.axes, out);
  for (size_t i = 0; i < a.axes.size(); ++i) {
    if (a.shape[a.axes[i]] != t.shape[i]) {
      fail(Op::Broadcast, fmt::format("axis {} of {} does not match axis {} of {}", i, t.str(), a.axes[i],
                                      to_string(a.shape)));
    }
  }
  return out;
}

Type slice(const SliceAttrs& a, const Type& t) {
  check_per_axis(Op::Slice, a.start.size(), t, "start");
  check_per_axis(Op::Slice, a.size.size(), t, "size");
  check_per_axis(Op::Slice, a.stride.size(), t, "stride");
  for (size_t i = 0; i < a.start.size(); ++i) {
    check_not_negative(Op::Slice, a.start[i], "start");
    check_not_negative(Op::Slice, a.size[i], "size");
    if (a.stride[i] < 1) fail(Op::Slice, fmt::format("stride {} must be at least 1", a.stride[i]));
    Dim slack = t.shape[i] - a.start[i] - (a.size[i] - 1) * Dim(a.stride[i]) - 1;
    if (a.size[i].is(0)) slack = t.shape[i] - a.start[i];
    if (slack.is_constant() && slack.value() < 0) {
      fail(Op::Slice, fmt::format("axis {} of {} has no {} elements from {} at stride {}", i, t.str(),
                                  a.size[i].str(), a.start[i].str(), a.stride[i]));
    }
  }
  return {t.dtype, a.size};
}

Type pad(const PadAttrs& a, const Type& t) {
  check_per_axis(Op::Pad, a.low.size(), t, "low");
  check_per_axis(Op::Pad, a.high.size(), t, "high");
  check_per_axis(Op::Pad, a.interior.size(), t, "interior");
  if (a.value.dtype != t.dtype) {
    fail(Op::Pad, fmt::format("the value is {}, the operand {}", name_of(a.value.dtype), t.str()));
  }
  Type out{t.dtype, {}};
  for (size_t i = 0; i < a.low.size(); ++i) {
    check_not_negative(Op::Pad, a.low[i], "low");
    check_not_negative(Op::Pad, a.high[i], "high");
    if (a.interior[i] < 0) fail(Op::Pad, "interior is negative");
    if (a.interior[i] > 0 && !t.shape[i].is_constant()) {
      fail(Op::Pad,
           fmt::format("interior padding needs a fixed extent, axis {} of {} is symbolic", i, t.str()));
    }
    Dim gaps = t.shape[i].is(0) ? Dim(0) : (t.shape[i] - 1) * Dim(a.interior[i]);
    out.shape.push_back(a.low[i] + t.shape[i] + gaps + a.high[i]);
  }
  return out;
}

Type concat(const AxisAttrs& a, Types t) {
  if (t.empty()) fail(Op::Concat, "needs at least one operand");
  check_axis(Op::Concat, a.axis, t[0]);
  Type out = t[0];
  for (const Type& next : t.subspan(1)) {
    Type same = next;
    if (next.rank() == out.rank()) same.shape[a.axis] = out.shape[a.axis];
    if (same != out) fail(Op::Concat, fmt::format("operands differ outside axis {}: {}", a.axis, list(t)));
    out.shape[a.axis] = out.shape[a.axis] + next.shape[a.axis];
  }
  return out;
}

Shape windowed(Op op, const std::vector<WindowAxis>& windows, const Shape& shape) {
  Shape out = shape;
  int64_t last = -1;
  for (const WindowAxis& w : windows) {
    check_axis(op, w.axis, Type{DType::F32, shape});
    if (w.axis <= last) fail(op, "windowed axes must be increasing");
    last = w.axis;
    if (w.size < 1 || w.stride < 1 || w.dilation < 1)
      fail(op, "size, stride and dilation must be at least 1");
    Dim room = shape[w.axis] - Dim(checked_mul(w.size - 1, w.dilation)) - 1;
    if (w.stride == 1 && !room.is_constant()) {
      out[w.axis] = room + 1;
    } else if (!room.is_constant()) {
      fail(op, fmt::format("axis {} of {} is symbolic: a stride of {} needs a fixed extent", w.axis,
                           to_string(shape), w.stride));
    } else if (room.value() < 0) {
      fail(op, fmt::format("a window of {} (dilation {}) is larger than axis {} of {}", w.size, w.dilation,
                           w.axis, to_string(shape)));
    } else {
      out[w.axis] = room.value() / w.stride + 1;
    }
  }
  for (const WindowAxis& w : windows) out.push_back(w.size);
  return out;
}

Type unwindow(const UnwindowAttrs& a, const Type& t) {
  Shape expected = windowed(Op::Unwindow, a.windows, a.shape);
  if (expected != t.shape) {
    fail(Op::Unwindow, fmt::format("the operand {} should be {}", t.str(), to_string(expected)));
  }
  return {t.dtype, a.shape};
}

Type gather(const AxisAttrs& a, Types t) {
  check_axis(Op::Gather, a.axis, t[0]);
  if (!is_integer(t[1].dtype)) fail(Op::Gather, "indices must be integers, not " + t[1].str());
  Type out{t[0].dtype, {}};
  for (int64_t i = 0; i < t[0].rank(); ++i) {
    if (i != a.axis)
      out.shape.push_back(t[0].shape[i]);
    else
      out.shape.insert(out.shape.end(), t[1].shape.begin(), t[1].shape.end());
  }
  return out;
}

Type scatter_add(const AxisAttrs& a, Types t) {
  check_axis(Op::ScatterAdd, a.axis, t[0]);
  Type expected = gather(a, t.first(2));
  if (t[2] != expected) {
    fail(Op::ScatterAdd, fmt::format("updates are {} and should be {}", t[2].str(), expected.str()));
  }
  return t[0];
}

int64_t reduce_arity(Monoid m) {
  switch (m) {
    case Monoid::Add:
    case Monoid::Mul:
    case Monoid::Max:
    case Monoid::Min:
      return 1;
    case Monoid::MaxSumExp:
      return 2;
    case Monoid::Moments:
      return 3;
  }
  return 1;
}

Type drop_axes(const Type& t, const std::vector<int64_t>& axes) {
  Type out{t.dtype, {}};
  for (int64_t i = 0; i < t.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) out.shape.push_back(t.shape[i]);
  }
  return out;
}

// Several operands under a one-operand monoid are independent folds that share a pass over memory.
std::vector<Type> reduce(const ReduceAttrs& a, Types t) {
  int64_t group = reduce_arity(a.monoid);
  if (t.empty() || t.size() % group != 0) {
    fail(Op::Reduce,
         fmt::format("{} takes a multiple of {} operands, not {}", name_of_enum(a.monoid), group, t.size()));
  }
  std::vector<Type> out;
  for (const Type& x : t) {
    if (x.shape != t[0].shape) fail(Op::Reduce, "the operands differ: " + list(t));
    if (group > 1 && !is_float(x.dtype)) fail(Op::Reduce, "is not defined on " + x.str());
    check_axes(Op::Reduce, a.axes, x);
    out.push_back(drop_axes(x, a.axes));
  }
  return out;
}

Type arg_reduce(Op op, const AxisAttrs& a, const Type& t) {
  check_axis(op, a.axis, t);
  return {DType::I32, drop_axes(t, {a.axis}).shape};
}

// Axes neither batch nor contracted, in order.
std::vector<int64_t> free_axes(const Type& t, const std::vector<int64_t>& batch,
                               const std::vector<int64_t>& contract) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < t.rank(); ++i) {
    bool used =
        std::count(batch.begin(), batch.end(), i) + std::count(contract.begin(), contract.end(), i) > 0;
    if (!used) out.push_back(i);
  }
  return out;
}

void check_paired(const std::vector<int64_t>& l, const std::vector<int64_t>& r, Types t, const char* what) {
  if (l.size() != r.size()) fail(Op::Dot, fmt::format("{} axes come in pairs", what));
  for (size_t i = 0; i < l.size(); ++i) {
    check_axis(Op::Dot, l[i], t[0]);
    check_axis(Op::Dot, r[i], t[1]);
    if (t[0].shape[l[i]] != t[1].shape[r[i]]) {
      fail(Op::Dot,
           fmt::format("{} axis {} of {} and axis {} of {} differ: {} and {}", what, l[i], t[0].str(), r[i],
                       t[1].str(), t[0].shape[l[i]].str(), t[1].shape[r[i]].str()));
    }
  }
}

void check_distinct(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::set<int64_t> all(a.begin(), a.end());
  all.insert(b.begin(), b.end());
  if (all.size() != a.size() + b.size()) fail(Op::Dot, "an axis is named twice");
}

Type dot(const DotAttrs& a, Types t) {
  if (a.accumulate != DType::F32 && a.accumulate != DType::F64) fail(Op::Dot, "accumulates in f32 or f64");
  if (t[0].dtype != t[1].dtype) fail(Op::Dot, "the operands differ in type: " + list(t));
  check_paired(a.lhs_batch, a.rhs_batch, t, "batch");
  check_paired(a.lhs_contract, a.rhs_contract, t, "contracted");
  check_distinct(a.lhs_batch, a.lhs_contract);
  check_distinct(a.rhs_batch, a.rhs_contract);
  Type out{a.accumulate, {}};
  for (int64_t i : a.lhs_batch) out.shape.push_back(t[0].shape[i]);
  for (int64_t i : free_axes(t[0], a.lhs_batch, a.lhs_contract)) out.shape.push_back(t[0].shape[i]);
  for (int64_t i : free_axes(t[1], a.rhs_batch, a.rhs_contract)) out.shape.push_back(t[1].shape[i]);
  return out;
}

void check_body_inputs(Op op, const Graph& body, Types operands, const std::vector<Type>& expected) {
  if (body.inputs().size() != operands.size()) {
    fail(op, fmt::format("the body has {} inputs for {} operands", body.inputs().size(), operands.size()));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    const Node& in = body.node(body.inputs()[i]);
    if (in.results[0] != expected[i]) {
      fail(op, fmt::format("body input '{}' is {}, the operand gives {}", in.as<InputAttrs>().name,
                           in.results[0].str(), expected[i].str()));
    }
  }
}

std::vector<Type> scan(const ScanAttrs& a, Types t) {
  if (!a.body.graph) fail(Op::Scan, "has no body");
  const Graph& body = *a.body.graph;
  if (a.carries < 0 || a.scanned < 0 || a.carries + a.scanned > static_cast<int64_t>(t.size())) {
    fail(Op::Scan, "has fewer operands than carries and scanned values");
  }
  std::vector<Type> expected(t.begin(), t.end());
  for (int64_t i = a.carries; i < a.carries + a.scanned; ++i) {
    if (t[i].is_scalar() || t[i].shape[0] != a.length) {
      fail(Op::Scan, fmt::format("scanned operand {} has no leading axis of {}", t[i].str(), a.length.str()));
    }
    expected[i].shape.erase(expected[i].shape.begin());
  }
  check_body_inputs(Op::Scan, body, t, expected);
  if (static_cast<int64_t>(body.outputs().size()) < a.carries)
    fail(Op::Scan, "the body does not return its carries");
  std::vector<Type> out;
  for (size_t i = 0; i < body.outputs().size(); ++i) {
    Type result = body.type(body.outputs()[i].value);
    if (static_cast<int64_t>(i) >= a.carries)
      result.shape.insert(result.shape.begin(), a.length);
    else if (result != t[i]) {
      fail(Op::Scan, fmt::format("carry '{}' starts as {} and the body returns {}", body.outputs()[i].name,
                                 t[i].str(), result.str()));
    }
    out.push_back(std::move(result));
  }
  return out;
}

std::vector<Type> region(const RegionAttrs& a, Types t) {
  if (!a.body.graph) fail(Op::Region, "has no body");
  check_body_inputs(Op::Region, *a.body.graph, t, {t.begin(), t.end()});
  std::vector<Type> out;
  for (const Output& o : a.body.graph->outputs()) out.push_back(a.body.graph->type(o.value));
  return out;
}

Type leaf_type(Op op, const Type& type) {
  for (const Dim& d : type.shape) check_not_negative(op, d, "an extent");
  return type;
}

Type iota(const IotaAttrs& a) {
  check_axis(Op::Iota, a.axis, a.type);
  if (!allows(DTypeSet::Number, a.type.dtype)) fail(Op::Iota, "is not defined on " + a.type.str());
  return leaf_type(Op::Iota, a.type);
}

Type random(const RandomAttrs& a, Types t) {
  for (const Type& x : t) {
    if (x != Type{DType::I64, {}}) fail(Op::Random, "seed and counter are i64[], not " + x.str());
  }
  if (!allows(DTypeSet::Float, a.type.dtype)) fail(Op::Random, "gives f32 or f64, not " + a.type.str());
  return leaf_type(Op::Random, a.type);
}

// One overload per attribute struct: an op with attributes of a new kind does not compile without its own.
using Results = std::vector<Type>;

Results results(Op op, const NoAttrs&, Types t) {
  return {op == Op::Select ? select(t) : elementwise(op, t)};
}
Results results(Op op, const BarrierAttrs&, Types t) { return {elementwise(op, t)}; }
Results results(Op op, const InputAttrs& a, Types) { return {leaf_type(op, a.type)}; }
Results results(Op op, const ParamAttrs& a, Types) { return {leaf_type(op, a.type)}; }
Results results(Op, const ConstantAttrs& a, Types) { return {Type{a.value.dtype, {}}}; }
Results results(Op, const IotaAttrs& a, Types) { return {iota(a)}; }
Results results(Op, const ExtentAttrs&, Types) { return {Type{DType::I64, {}}}; }
Results results(Op, const RandomAttrs& a, Types t) { return {random(a, t)}; }
Results results(Op, const CastAttrs& a, Types t) { return {Type{a.to, t[0].shape}}; }
Results results(Op, const ShapeAttrs& a, Types t) { return {reshape(a, t[0])}; }
Results results(Op, const PermuteAttrs& a, Types t) { return {permute(a, t[0])}; }
Results results(Op, const BroadcastAttrs& a, Types t) { return {broadcast(a, t[0])}; }
Results results(Op, const SliceAttrs& a, Types t) { return {slice(a, t[0])}; }
Results results(Op, const PadAttrs& a, Types t) { return {pad(a, t[0])}; }
Results results(Op op, const AxesAttrs& a, Types t) {
  check_axes(op, a.axes, t[0]);
  return {t[0]};
}
Results results(Op op, const WindowAttrs& a, Types t) {
  return {Type{t[0].dtype, windowed(op, a.windows, t[0].shape)}};
}
Results results(Op, const UnwindowAttrs& a, Types t) { return {unwindow(a, t[0])}; }
Results results(Op op, const AxisAttrs& a, Types t) {
  if (op == Op::Concat) return {concat(a, t)};
  if (op == Op::Gather) return {gather(a, t)};
  if (op == Op::ScatterAdd) return {scatter_add(a, t)};
  return {arg_reduce(op, a, t[0])};
}
Results results(Op, const ReduceAttrs& a, Types t) { return reduce(a, t); }
Results results(Op, const DotAttrs& a, Types t) { return {dot(a, t)}; }
Results results(Op, const ScanAttrs& a, Types t) { return scan(a, t); }
Results results(Op, const RegionAttrs& a, Types t) { return region(a, t); }

}  // namespace

std::vector<Type> infer(Op op, const Attrs& attrs, std::span<const Type> t) {
  if (attrs.index() != info(op).attrs_index) fail(op, "has attributes of another op");
  if (info(op).arity >= 0 && info(op).arity != static_cast<int>(t.size())) {
    fail(op, fmt::format("takes {} operands, not {}", info(op).arity, t.size()));
  }
  check_dtypes(op, t);
  return std::visit([&](const auto& a) { return results(op, a, t); }, attrs);
}

}  // namespace nnc
