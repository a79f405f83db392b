#include "codegen/pull.h"

#include <cassert>

#include <fmt/format.h>

#include "codegen/bound.h"
#include "codegen/exact_division.h"
#include "ir/error.h"

namespace nnc {

using loop::Val;
using loop::VType;

Pull::Pull(loop::Builder& b, const Graph& body, std::vector<int> inputs) : b_(b), body_(body) {
  assert(inputs.size() == body.inputs().size());
  for (size_t i = 0; i < inputs.size(); ++i) inputs_[body.inputs()[i]] = inputs[i];
  scopes_.emplace_back();
}

IndexExpr Pull::variable(const Dim& extent, Val value, int axis) {
  auto [it, inserted] =
      by_value_.try_emplace({value.id, extent.str(), axis}, static_cast<int>(variables_.size()));
  if (inserted) variables_[it->second] = value;
  return IndexExpr::variable(it->second, extent);
}

IndexExpr Pull::variable(const Dim& extent) {
  int id = static_cast<int>(variables_.size());
  variables_[id] = {};
  return IndexExpr::variable(id, extent);
}

void Pull::set(const IndexExpr& variable, Val value) {
  if (!variable.is_constant()) variables_.at(id_of(variable)) = value;
}

int Pull::id_of(const IndexExpr& variable) {
  return variable.is_constant() ? -1 : variable.terms()[0].atom->variable;
}

// --- indices

bool Pull::varying(int variable, const Lanes& lanes) const {
  Val value = variables_.at(variable);
  return (variable == lanes.variable && lanes.count > 1) || (value.valid() && b_.type(value).lanes > 1);
}

bool Pull::varies(const IndexExpr& e, const Lanes& lanes) const {
  for (const IndexExpr::Term& t : e.terms()) {
    bool is_variable = t.atom->kind == AtomKind::Variable;
    if (is_variable ? varying(t.atom->variable, lanes) : varies(t.atom->inner, lanes)) return true;
  }
  return false;
}

bool Pull::varies(const AccessMap& map, const Lanes& lanes) const {
  for (const IndexExpr& e : map.index) {
    if (varies(e, lanes)) return true;
  }
  for (const Guard& g : map.guards) {
    if (varies(g.index, lanes)) return true;
  }
  return false;
}

Val Pull::atom(const IndexAtom& a, const Lanes& lanes) {
  if (a.kind == AtomKind::Variable) {
    Val v = variables_.at(a.variable);
    bool per_lane = a.variable == lanes.variable && lanes.count > 1;
    return per_lane ? b_.add(v, b_.iota(lanes.count)) : v;
  }
  Val inner = index(a.inner, lanes), divisor = b_.dim(a.divisor);
  return a.kind == AtomKind::Quotient ? b_.idiv(inner, divisor) : b_.irem(inner, divisor);
}

// What does not vary is summed first, so that it is one value whichever loop it is hoisted from.
Val Pull::index(const IndexExpr& e, const Lanes& lanes) {
  Val sum = b_.dim(e.constant());
  for (bool varying_terms : {false, true}) {
    for (const IndexExpr::Term& t : e.terms()) {
      if (varies(IndexExpr::of(t.atom), lanes) != varying_terms) continue;
      sum = b_.add(sum, b_.mul(atom(*t.atom, lanes), b_.dim(t.coefficient)));
    }
  }
  return sum;
}

Val Pull::scalar(const IndexExpr& e) { return index(e, {}); }

Val Pull::mask(std::span<const Guard> guards, const Lanes& lanes) {
  Val all;
  auto also = [&](Val condition) { all = all.valid() ? b_.apply(Op::And, {all, condition}) : condition; };
  for (const Guard& g : guards) {
    Val i = index(g.index, lanes);
    IndexExpr::Range r = g.index.range();
    if (!r.certain || !provably_not_negative(r.lo - g.lo)) also(b_.apply(Op::Le, {b_.dim(g.lo), i}));
    if (!r.certain || !provably_not_negative(g.hi - r.hi - 1)) also(b_.lt(i, b_.dim(g.hi)));
  }
  return all;
}

// --- memory

// One element for all lanes: read if any lane that exists is inside the guards.
Val Pull::load_one(int buffer, const IndexExpr& offset, std::span<const Guard> guards, const Lanes& lanes) {
  Val at = scalar(offset), inside = mask(guards, lanes);
  if (!inside.valid()) return b_.load(buffer, at);
  if (b_.type(inside).lanes > 1) inside = b_.reduce_lanes(Op::Or, inside);
  DType dtype = b_.kernel().buffers[buffer].dtype;
  return b_.masked_load(buffer, at, inside, b_.immediate(Literal::from_int(dtype, 0)));
}

Val Pull::load(int buffer, const IndexExpr& offset, std::span<const Guard> guards, const Lanes& lanes) {
  if (!varies(offset, lanes)) return load_one(buffer, offset, guards, lanes);
  std::optional<Dim> step = offset.coefficient(lanes.variable);
  bool neighbours = step && step->is(1);
  if (neighbours) neighbours = !varies(offset, {1, lanes.variable, {}});
  Val inside = mask(guards, lanes);
  if (lanes.active.valid()) {
    inside = inside.valid() ? b_.apply(Op::And, {inside, lanes.active}) : lanes.active;
  }
  if (neighbours && !inside.valid()) {
    bool stored = b_.kernel().buffers[buffer].role == loop::BufferRole::Operand;
    if (prefetch_.valid() && stored) b_.prefetch(buffer, b_.add(scalar(offset), prefetch_), prefetch_level_);
    return b_.load(buffer, scalar(offset), lanes.count);
  }
  Val fill = b_.immediate(Literal::from_int(b_.kernel().buffers[buffer].dtype, 0));
  Val all = inside.valid() ? b_.broadcast(inside, lanes.count)
                           : b_.broadcast(b_.immediate(Literal::from_int(DType::Bool, 1)), lanes.count);
  if (neighbours) return b_.masked_load(buffer, scalar(offset), all, fill);
  return b_.gather(buffer, index(offset, lanes), all, fill);
}

// --- bindings and memory of what is computed

void Pull::bind(Value v, Val value) { scopes_.back().bound[v] = value; }

void Pull::bind(Value v, const AccessMap& map, Val value) {
  scopes_.back().bound_at[v] = {AccessMap{map.index, {}}.str(), value};
}

void Pull::bind_buffer(Value v, int buffer, const std::vector<IndexExpr>& outer, const Shape& shape) {
  scopes_.back().buffers[v] = {buffer, AccessMap{outer, {}}.str(), shape};
}

Val Pull::find(Value v, const AccessMap& map, const std::string& key, const Lanes& lanes) {
  for (size_t i = scopes_.size(); i-- > 0;) {
    const Table& t = scopes_[i];
    if (auto it = t.at.find(key); it != t.at.end()) return it->second;
    if (auto it = t.bound.find(v); it != t.bound.end()) return it->second;
    if (auto it = t.bound_at.find(v); it != t.bound_at.end()) {
      if (it->second.first == AccessMap{map.index, {}}.str()) return it->second.second;
    }
    if (auto it = t.buffers.find(v); it != t.buffers.end()) {
      auto inner = map.index.end() - static_cast<ptrdiff_t>(it->second.shape.size());
      if (AccessMap{{map.index.begin(), inner}, {}}.str() != it->second.outer) continue;
      return load(it->second.buffer, linearize({inner, map.index.end()}, it->second.shape), map.guards,
                  lanes);
    }
  }
  return {};
}

Val Pull::at(Value v, const AccessMap& map, const Lanes& wanted) {
  Lanes lanes = varies(map, wanted) ? wanted : Lanes{};
  std::string key = fmt::format("{}.{} {} x{} v{} m{}", v.node, v.index, map.str(), lanes.count,
                                lanes.variable, lanes.active.id);
  Val value = find(v, map, key, lanes);
  if (!value.valid()) value = compute(v, map, lanes);
  scopes_.back().at[key] = value;
  return value;
}

Val Pull::vector(Value v, const AccessMap& map, const Lanes& lanes) {
  return b_.broadcast(at(v, map, lanes), lanes.count);
}

// --- one node

Val Pull::compute(Value v, const AccessMap& map, const Lanes& lanes) {
  const Node& n = body_.node(v);
  switch (info(n.op).op_class) {
    case OpClass::Unary:
    case OpClass::Binary:
    case OpClass::Ternary:
      return elementwise(n, map, lanes);
    case OpClass::Movement:
      return view(n, map, lanes);
    case OpClass::Concat:
      return concat(n, map, lanes);
    case OpClass::Random:
      return random(n, map, lanes);
    case OpClass::Window:
      return n.op == Op::Window ? view(n, map, lanes) : unwindow(n, map, lanes);
    case OpClass::Reduce:
      return fold(v, map, lanes);
    case OpClass::Leaf:
      return leaf(v, map, lanes);
    case OpClass::Index:
      if (n.op == Op::Gather) return gather(n, map, lanes);
      break;
    case OpClass::Dot:
    case OpClass::Control:
    case OpClass::Structure:
      break;
  }
  throw Error(fmt::format("region: an element of {} cannot be computed on its own", info(n.op).name));
}

Val Pull::leaf(Value v, const AccessMap& map, const Lanes& lanes) {
  const Node& n = body_.node(v);
  if (n.op == Op::Constant) return b_.literal(n.as<ConstantAttrs>().value);
  if (n.op == Op::Extent) return b_.dim(n.as<ExtentAttrs>().dim);
  if (n.op == Op::Iota) {
    const IotaAttrs& a = n.as<IotaAttrs>();
    return iota(map.index[static_cast<size_t>(a.axis)], a.type.dtype, lanes);
  }
  if (n.op == Op::Param)
    throw Error("region: the body reads param '" + n.as<ParamAttrs>().path + "' directly");
  return load(inputs_.at(v.node), linearize(map.index, n.results[0].shape), map.guards, lanes);
}

// Where lanes are neighbours an i32 is counted in i32, which takes half the vectors.
Val Pull::iota(const IndexExpr& e, DType dtype, const Lanes& lanes) {
  std::optional<Dim> step = e.coefficient(lanes.variable);
  bool neighbours = lanes.count > 1 && step && step->is(1) && !varies(e, {1, lanes.variable, {}});
  if (dtype != DType::I32 || !neighbours) return b_.cast(index(e, lanes), dtype);
  return b_.add(b_.cast(scalar(e), dtype), b_.iota(lanes.count, dtype));
}

Val Pull::elementwise(const Node& n, const AccessMap& map, const Lanes& lanes) {
  std::vector<Val> args;
  for (Value operand : n.operands) args.push_back(at(operand, map, lanes));
  if (n.op == Op::StopGradient || n.op == Op::Barrier) return args[0];
  if (n.op == Op::Cast) return b_.cast(args[0], n.as<CastAttrs>().to);
  if (auto reciprocal = exact_reciprocal(body_, n)) return divide(b_, args[0], args[1], *reciprocal);
  if (auto bound = bounding_operand(body_, n)) return clamp(b_, n.op, args[1 - *bound], args[*bound]);
  return b_.apply(n.op, std::move(args));
}

Val Pull::view(const Node& n, const AccessMap& map, const Lanes& lanes) {
  AccessMap inner = through_view(n, body_.type(n.operands[0]).shape, map);
  Val value = at(n.operands[0], inner, lanes);
  if (inner.guards.size() == map.guards.size()) return value;
  Val inside = mask(std::span(inner.guards).subspan(map.guards.size()), lanes);
  return b_.select(inside, value, b_.literal(n.as<PadAttrs>().value));
}

// A chain of selects from the last operand to the first; a condition common to all lanes is a branch.
Val Pull::concat(const Node& n, const AccessMap& map, const Lanes& lanes) {
  auto axis = static_cast<size_t>(n.as<AxisAttrs>().axis);
  std::vector<Dim> starts = {0};
  for (Value v : n.operands) starts.push_back(starts.back() + body_.type(v).shape[axis]);
  auto operand = [&](size_t k) {
    const Dim& extent = body_.type(n.operands[k]).shape[axis];
    return at(n.operands[k], through_concat(starts[k], extent, n.as<AxisAttrs>().axis, map), lanes);
  };
  Val value;
  for (size_t k = n.operands.size(); k-- > 0;) {
    AccessMap inner =
        through_concat(starts[k], body_.type(n.operands[k]).shape[axis], n.as<AxisAttrs>().axis, map);
    Val here = mask(std::span(inner.guards).subspan(map.guards.size()), lanes);
    if (!value.valid())
      value = operand(k);
    else if (!here.valid())
      value = operand(k);
    else
      value = b_.select(here, operand(k), value);
  }
  return value;
}

// Indices outside the axis are reported for lanes that are really computed, and clamped.
Val Pull::checked_index(Val i, const Dim& extent, const AccessMap& map, const Lanes& lanes) {
  Val last = b_.sub(b_.dim(extent), b_.index(1)), zero = b_.index(0);
  Val outside = b_.apply(Op::Or, {b_.lt(i, zero), b_.lt(last, i)});
  Val inside = mask(map.guards, lanes);
  if (inside.valid()) outside = b_.apply(Op::And, {outside, inside});
  if (lanes.active.valid()) outside = b_.apply(Op::And, {outside, lanes.active});
  b_.report_index(b_.reduce_lanes(Op::Or, outside));
  return b_.apply(Op::Max, {b_.imin(i, last), zero});
}

Val Pull::gather(const Node& n, const AccessMap& map, const Lanes& lanes) {
  const Shape& data = body_.type(n.operands[0]).shape;
  auto axis = static_cast<size_t>(n.as<AxisAttrs>().axis);
  auto count = static_cast<size_t>(body_.type(n.operands[1]).rank());
  AccessMap indices{{map.index.begin() + axis, map.index.begin() + axis + count}, map.guards};
  Val i = b_.cast(at(n.operands[1], indices, lanes), DType::I64);
  Lanes wide = varies(indices, lanes) ? lanes : Lanes{};
  IndexExpr found = variable(data[axis], checked_index(i, data[axis], indices, wide));
  AccessMap inner{{map.index.begin(), map.index.begin() + axis}, map.guards};
  inner.index.push_back(found);
  inner.index.insert(inner.index.end(), map.index.begin() + axis + count, map.index.end());
  Guard exists{0, 0, data[axis]};  // an empty axis has nothing to read: zeros
  if (!exists.always()) inner.guards.push_back(exists);
  return at(n.operands[0], inner, lanes);
}

// --- hoisting

void Pull::hoist(Value v, const AccessMap& map, const Lanes& lanes) {
  std::set<std::string> seen;
  std::function<void(Value, const AccessMap&)> walk = [&](Value v, const AccessMap& map) {
    if (!seen.insert(fmt::format("{}.{} {}", v.node, v.index, map.str())).second) return;
    const Node& n = body_.node(v);
    if (!varies(map, lanes)) {
      at(v, map, lanes);
    } else if (is_elementwise(n.op)) {
      for (Value operand : n.operands) walk(operand, map);
    } else if (only_moves(n.op)) {
      walk(n.operands[0], through_view(n, body_.type(n.operands[0]).shape, map));
    }
  };
  walk(v, map);
}

void Pull::request(Value v, const AccessMap& map, const Lanes& lanes) {
  std::function<void(Value, const AccessMap&)> walk = [&](Value v, const AccessMap& map) {
    if (!varies(map, lanes)) return;
    if (!scopes_.back().requested.insert(fmt::format("{}.{} {}", v.node, v.index, map.str())).second) return;
    const Node& n = body_.node(v);
    if (is_elementwise(n.op)) {
      for (Value operand : n.operands) walk(operand, map);
    } else if (only_moves(n.op)) {
      walk(n.operands[0], through_view(n, body_.type(n.operands[0]).shape, map));
    } else if (auto input = inputs_.find(v.node); input != inputs_.end()) {
      b_.prefetch(input->second, scalar(linearize(map.index, n.results[0].shape)), 1);
    }
  };
  walk(v, map);
}

}  // namespace nnc
