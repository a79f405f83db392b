#include "passes/cost.h"

#include "passes/fusion_groups.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

Dim count(const Graph& g, Value v) { return element_count(g.type(v).shape); }

Dim bytes_of_value(const Graph& g, Value v) { return count(g, v) * Dim(size_of(g.type(v).dtype)); }

Dim dot_flops(const Graph& g, const Node& n) {
  Dim contracted(1);
  for (int64_t axis : n.as<DotAttrs>().lhs_contract)
    contracted = contracted * g.type(n.operands[0]).shape[axis];
  return Dim(2) * contracted * element_count(n.results[0].shape);
}

}  // namespace

Dim flops_of(const Graph& g, const Node& n) {
  switch (info(n.op).op_class) {
    case OpClass::Leaf:
    case OpClass::Movement:
    case OpClass::Concat:
    case OpClass::Window:
      return Dim(0);
    case OpClass::Random:
    case OpClass::Unary:
    case OpClass::Binary:
    case OpClass::Ternary:
      return element_count(n.results[0].shape);
    case OpClass::Index:
      return n.op == Op::ScatterAdd ? count(g, n.operands[2]) : Dim(0);
    case OpClass::Reduce:
      return count(g, n.operands[0]);
    case OpClass::Dot:
      return dot_flops(g, n);
    case OpClass::Control:
      return cost_of(*body_of(n)).flops * n.as<ScanAttrs>().length;
    case OpClass::Structure:
      return cost_of(*body_of(n)).flops;
  }
  return Dim(0);
}

Cost cost_of(const Graph& graph) {
  Cost cost;
  std::vector<bool> live = live_nodes(graph);
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    if (!live[id]) continue;
    cost.flops = cost.flops + flops_of(graph, n);
    if (info(n.op).op_class == OpClass::Leaf || is_view(n.op)) continue;
    if (n.op == Op::Scan) {
      cost.bytes = cost.bytes + cost_of(*body_of(n)).bytes * n.as<ScanAttrs>().length;
      continue;
    }
    for (Value v : n.operands) cost.bytes = cost.bytes + bytes_of_value(graph, v);
    for (uint32_t i = 0; i < n.results.size(); ++i) cost.bytes = cost.bytes + bytes_of_value(graph, {id, i});
  }
  return cost;
}

}  // namespace nnc
