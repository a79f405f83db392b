#include "codegen/row_choice.h"

#include <algorithm>
#include <set>

#include "codegen/access_map.h"

namespace nnc {
namespace {

AccessMap everywhere(const Shape& full) {
  AccessMap map;
  for (size_t i = 0; i < full.size(); ++i) {
    map.index.push_back(IndexExpr::variable(static_cast<int>(i), full[i]));
  }
  return map;
}

// Whether the type has a number of its own for every element of a row: bytes count over and over.
bool counts_once(DType t) { return t == DType::I32 || t == DType::I64; }

// Whether `v` counts along the last axis from zero.
bool is_place(const Graph& body, Value v, const AccessMap& map) {
  Access a = trace_views(body, v, map);
  const Node& n = body.node(a.source);
  if (n.op != Op::Iota || !a.map.guards.empty()) return false;
  const IndexExpr& counted = a.map.index[static_cast<size_t>(n.as<IotaAttrs>().axis)];
  return counted.str() == map.index.back().str();
}

bool is_same_along(const Graph& body, Value v, const AccessMap& map) {
  return !trace_views(body, v, map).map.uses(static_cast<int>(map.index.size()) - 1);
}

bool is_zero(const Graph& body, Value v, const AccessMap& map) {
  Access a = trace_views(body, v, map);
  const Node& n = body.node(a.source);
  Literal zero = Literal::from_int(body.type(v).dtype, 0);
  return !a.fill && n.op == Op::Constant && n.as<ConstantAttrs>().value == zero;
}

std::optional<RowChoice> as_choice(const Graph& body, NodeId id, const AccessMap& map) {
  const Node& n = body.node(id);
  for (size_t place : {0, 1}) {
    Value index = n.operands[1 - place];
    if (is_place(body, n.operands[place], map) && is_same_along(body, index, map))
      return RowChoice{{id, 0}, index};
  }
  return std::nullopt;
}

// An index that a gather finds out of range is reported, chosen or not: its elements are computed one and all.
bool may_report(const Graph& body, Value value) {
  std::vector<Value> stack = {value};
  std::set<Value> seen;
  while (!stack.empty()) {
    Value v = stack.back();
    stack.pop_back();
    if (!seen.insert(v).second) continue;
    const Node& n = body.node(v);
    if (n.op == Op::Gather) return true;
    stack.insert(stack.end(), n.operands.begin(), n.operands.end());
  }
  return false;
}

}  // namespace

std::vector<RowChoice> find_choices(const Graph& body, const Shape& full) {
  std::vector<RowChoice> out;
  AccessMap map = everywhere(full);
  for (NodeId id = 0; id < body.size(); ++id) {
    const Node& n = body.node(id);
    if (n.op != Op::Eq || n.results[0].shape != full || !counts_once(body.type(n.operands[0]).dtype))
      continue;
    if (std::optional<RowChoice> choice = as_choice(body, id, map)) out.push_back(*choice);
  }
  return out;
}

std::optional<RowPick> as_pick(const Graph& body, const BodyFold& fold,
                               const std::vector<RowChoice>& choices) {
  if (fold.rule.kind != FoldRule::Kind::Monoid || fold.rule.monoid != Monoid::Add) return std::nullopt;
  Value summed = body.node(fold.node).operands[static_cast<size_t>(fold.group)];
  const Node& n = body.node(summed);
  if (n.op != Op::Select) return std::nullopt;
  auto chosen = std::find_if(choices.begin(), choices.end(),
                             [&](const RowChoice& c) { return c.holds == n.operands[0]; });
  if (chosen == choices.end() || may_report(body, n.operands[1]) ||
      !is_zero(body, n.operands[2], everywhere(body.type(summed).shape)))
    return std::nullopt;
  return RowPick{fold, *chosen, n.operands[1]};
}

}  // namespace nnc
