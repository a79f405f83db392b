#include "codegen/contraction_form.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc::contraction {
namespace {

// Leaves that `v` reads at `map`, through pointwise ops and views, with the maps they are read at.
void collect_leaves(const Graph& g, Value v, const AccessMap& map, std::vector<Access>& out,
                    std::set<Value>& seen) {
  Access access = trace_views(g, v, map);
  const Node& n = g.node(access.source);
  if (!is_elementwise(n.op)) {
    out.push_back(access);
    return;
  }
  if (!seen.insert(access.source).second) return;
  for (Value operand : n.operands) collect_leaves(g, operand, access.map, out, seen);
}

bool is_unit(const IndexExpr& offset, int axis) {
  std::optional<Dim> c = offset.coefficient(axis);
  return c && c->is(1);
}

std::vector<Dim> pick(const Shape& shape, const std::vector<int64_t>& axes) {
  Shape out;
  for (int64_t a : axes) out.push_back(shape[a]);
  return out;
}

void place(std::vector<IndexExpr>& index, const std::vector<int64_t>& axes,
           const std::vector<IndexExpr>& values, size_t from = 0) {
  for (size_t i = 0; i < axes.size(); ++i) index[axes[i]] = values[from + i];
}

// Result coordinates of a node on the way from the dot to an output, from those of its operand.
std::vector<IndexExpr> push_forward(const Node& n, const Shape& from, std::vector<IndexExpr> index) {
  if (is_elementwise(n.op)) return index;
  if (n.op == Op::Reshape) return delinearize(linearize(index, from), n.results[0].shape);
  if (n.op == Op::Permute) {
    std::vector<IndexExpr> out;
    for (int64_t axis : n.as<PermuteAttrs>().order) out.push_back(index[axis]);
    return out;
  }
  throw Error(fmt::format("a contraction's result cannot go through {}", info(n.op).name));
}

}  // namespace

NodeId find_dot(const Graph& body) {
  std::optional<NodeId> found;
  for (NodeId id = 0; id < body.size(); ++id) {
    if (body.node(id).op != Op::Dot) continue;
    if (found) throw Error("a contraction region holds more than one dot");
    found = id;
  }
  if (!found) throw Error("a contraction region holds no dot");
  return *found;
}

Form::Form(const Graph& body, Orientation orientation)
    : body_(body), orientation_(orientation), dot_(find_dot(body)), lhs_(side(false)), rhs_(side(true)) {
  const bool rhs = orientation_.vector_is_rhs;
  Shape column_free = shape_of(rhs, column_side().free);
  auto cut = column_free.begin() + orientation_.peeled;
  batch_shape_ = shape_of(false, lhs_.batch);
  batch_shape_.insert(batch_shape_.end(), column_free.begin(), cut);
  column_shape_ = Shape(cut, column_free.end());
  row_shape_ = shape_of(!rhs, rhs ? lhs_.free : rhs_.free);
  depth_shape_ = shape_of(false, lhs_.contract);
  extents_[kBatch] = element_count(batch_shape_);
  extents_[kRow] = element_count(row_shape_);
  extents_[kColumn] = element_count(column_shape_);
  extents_[kDepth] = element_count(depth_shape_);
  rows_ = operand(!rhs);
  columns_ = operand(rhs);
  for (size_t k = 0; k < body.outputs().size(); ++k) output_map(k, variables());
}

Form::Side Form::side(bool rhs) const {
  const Node& n = body_.node(dot_);
  const DotAttrs& a = n.as<DotAttrs>();
  Side out{rhs ? a.rhs_batch : a.lhs_batch, rhs ? a.rhs_contract : a.lhs_contract, {}};
  for (int64_t axis = 0; axis < body_.type(n.operands[rhs]).rank(); ++axis) {
    bool used = std::count(out.batch.begin(), out.batch.end(), axis) != 0 ||
                std::count(out.contract.begin(), out.contract.end(), axis) != 0;
    if (!used) out.free.push_back(axis);
  }
  return out;
}

Shape Form::shape_of(bool rhs, const std::vector<int64_t>& axes) const {
  return pick(body_.type(body_.node(dot_).operands[rhs]).shape, axes);
}

Point Form::variables() const {
  auto v = [&](Axis axis) { return IndexExpr::variable(axis, extents_[axis]); };
  return {v(kBatch), v(kRow), v(kColumn), v(kDepth)};
}

AccessMap Form::operand_map(const Operand& operand, const Point& at) const {
  const bool column = operand.free_axis == kColumn;
  const Side& s = column ? column_side() : (orientation_.vector_is_rhs ? lhs_ : rhs_);
  AccessMap map{std::vector<IndexExpr>(body_.type(operand.value).rank()), {}};
  std::vector<IndexExpr> batch = delinearize(at.batch, batch_shape_);
  std::vector<IndexExpr> free =
      column ? delinearize(at.column, column_shape_) : delinearize(at.row, row_shape_);
  if (column) free.insert(free.begin(), batch.begin() + s.batch.size(), batch.end());
  place(map.index, s.batch, batch);
  place(map.index, s.free, free);
  place(map.index, s.contract, delinearize(at.depth, depth_shape_));
  return map;
}

IndexExpr Form::position(const Operand& operand, const Point& at) const {
  Access access = trace_views(body_, operand.value, operand_map(operand, at));
  return linearize(access.map.index, body_.type(access.source).shape);
}

AccessMap Form::dot_map(const Point& at) const {
  std::vector<IndexExpr> batch = delinearize(at.batch, batch_shape_), row = delinearize(at.row, row_shape_);
  std::vector<IndexExpr> column = delinearize(at.column, column_shape_);
  column.insert(column.begin(), batch.begin() + lhs_.batch.size(), batch.end());
  batch.resize(lhs_.batch.size());
  const auto& first = orientation_.vector_is_rhs ? row : column;
  const auto& second = orientation_.vector_is_rhs ? column : row;
  AccessMap map{batch, {}};
  map.index.insert(map.index.end(), first.begin(), first.end());
  map.index.insert(map.index.end(), second.begin(), second.end());
  return map;
}

AccessMap Form::output_map(size_t k, const Point& at) const {
  std::vector<std::optional<std::vector<IndexExpr>>> index(body_.size());
  index[dot_] = dot_map(at).index;
  for (NodeId id = dot_ + 1; id < body_.size(); ++id) {
    const Node& n = body_.node(id);
    for (Value operand : n.operands) {
      if (!index[operand.node]) continue;
      index[id] = push_forward(n, body_.type(operand).shape, *index[operand.node]);
      break;
    }
  }
  const Output& out = body_.outputs()[k];
  if (!index[out.value.node])
    throw Error(fmt::format("output '{}' of a contraction does not depend on the dot", out.name));
  return {*index[out.value.node], {}};
}

IndexExpr Form::output_offset(size_t k, const Point& at) const {
  return linearize(output_map(k, at).index, body_.type(body_.outputs()[k].value).shape);
}

bool Form::plain() const {
  if (body_.outputs().size() != 1) return false;
  Value v = body_.outputs()[0].value;
  while (body_.node(v).op == Op::Reshape || body_.node(v).op == Op::Permute) v = body_.node(v).operands[0];
  IndexExpr offset = output_offset(0, variables());
  return v == dot() && is_unit(offset, kColumn) && offset.coefficient(kRow).has_value();
}

Axis Form::output_unit() const {
  IndexExpr offset = output_offset(0, variables());
  bool rows = extents_[kColumn].is(1) || (!is_unit(offset, kColumn) && is_unit(offset, kRow));
  return rows ? kRow : kColumn;
}

bool Form::scattered() const {
  IndexExpr offset = output_offset(0, variables());
  return output_unit() == kColumn && !extents_[kColumn].is(1) && !is_unit(offset, kColumn);
}

Operand Form::operand(bool rhs) {
  Operand out;
  out.value = body_.node(dot_).operands[rhs];
  out.free_axis = rhs == orientation_.vector_is_rhs ? kColumn : kRow;
  AccessMap map = operand_map(out, variables());
  out.unit = unit_of(out.value, map, out.free_axis);
  Access access = trace_views(body_, out.value, map);
  const Node& source = body_.node(access.source);
  bool guarded = !std::all_of(access.map.guards.begin(), access.map.guards.end(),
                              [](const Guard& g) { return g.always(); });
  if (source.op != Op::Input || guarded || source.results[0].dtype != accumulator()) return out;
  IndexExpr offset = position(out, variables());
  std::optional<Dim> free = offset.coefficient(out.free_axis), depth = offset.coefficient(kDepth);
  if (free && depth) out.strided = Strided{access.source.node, *free, *depth};
  return out;
}

// The leaves vote, the one with the most elements deciding first.
Unit Form::unit_of(Value v, const AccessMap& map, int free_axis) const {
  std::vector<Access> leaves;
  std::set<Value> seen;
  collect_leaves(body_, v, map, leaves, seen);
  auto rank = [&](const Access& a) { return body_.type(a.source).rank(); };
  std::stable_sort(leaves.begin(), leaves.end(),
                   [&](const Access& a, const Access& b) { return rank(a) > rank(b); });
  for (const Access& leaf : leaves) {
    IndexExpr offset = linearize(leaf.map.index, body_.type(leaf.source).shape);
    if (is_unit(offset, free_axis)) return Unit::Free;
    if (is_unit(offset, kDepth)) return Unit::Depth;
  }
  return Unit::Neither;
}

}  // namespace nnc::contraction
