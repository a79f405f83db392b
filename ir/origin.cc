#include "ir/origin.h"

#include <set>

namespace nnc {

Value origin(const Graph& body, Value v) {
  for (;;) {
    const Node& n = body.node(v);
    if (n.op != Op::Broadcast && n.op != Op::Reshape && n.op != Op::Permute && n.op != Op::Slice) return v;
    v = n.operands[0];
  }
}

std::optional<Literal> literal_everywhere(const Graph& body, Value v) {
  const Node& n = body.node(origin(body, v));
  if (n.op != Op::Constant) return std::nullopt;
  return n.as<ConstantAttrs>().value;
}

bool is_byte_in_f32(const Graph& body, Value v) {
  const Node& n = body.node(origin(body, v));
  if (n.op != Op::Cast || n.results[0].dtype != DType::F32) return false;
  DType from = body.type(n.operands[0]).dtype;
  return from == DType::U8 || from == DType::Bool;
}

std::vector<NodeId> nodes_behind(const Graph& body, std::vector<Value> values, NodeId except) {
  std::set<NodeId> seen = {except};
  std::vector<NodeId> nodes;
  while (!values.empty()) {
    Value v = values.back();
    values.pop_back();
    if (!seen.insert(v.node).second) continue;
    const Node& n = body.node(v);
    nodes.push_back(v.node);
    values.insert(values.end(), n.operands.begin(), n.operands.end());
  }
  return nodes;
}

std::vector<NodeId> inputs_behind(const Graph& body, std::vector<Value> values, NodeId except) {
  std::vector<NodeId> nodes = nodes_behind(body, std::move(values), except);
  std::erase_if(nodes, [&](NodeId id) { return body.node(id).op != Op::Input; });
  return nodes;
}

}  // namespace nnc
