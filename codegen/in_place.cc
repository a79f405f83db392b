#include "codegen/in_place.h"

#include <algorithm>

namespace nnc {
namespace {

// Everything that depends on the node.
std::vector<bool> descendants(const Graph& body, NodeId root) {
  std::vector<bool> out(body.size(), false);
  out[root] = true;
  for (NodeId id = root + 1; id < body.size(); ++id) {
    const std::vector<Value>& operands = body.node(id).operands;
    out[id] = std::any_of(operands.begin(), operands.end(), [&](Value v) { return out[v.node]; });
  }
  return out;
}

void merge_groups(loop::Kernel& kernel, size_t a, size_t b) {
  int from = kernel.buffers[a].alias_group, to = kernel.buffers[b].alias_group;
  for (loop::Buffer& buffer : kernel.buffers) {
    if (buffer.alias_group == from) buffer.alias_group = to;
  }
}

}  // namespace

std::vector<NodeId> read_in_place(const Graph& body, const std::vector<NodeId>& anchors) {
  std::vector<NodeId> out;
  for (NodeId input : body.inputs()) {
    std::vector<bool> reached = descendants(body, input);
    bool anchored = std::any_of(anchors.begin(), anchors.end(), [&](NodeId a) { return reached[a]; });
    bool moved = false;
    for (NodeId id = input + 1; id < body.size(); ++id)
      moved |= reached[id] && !is_elementwise(body.node(id).op);
    if (!anchored && !moved) out.push_back(input);
  }
  return out;
}

void share_in_place(loop::Kernel& kernel, const Graph& body, const std::vector<NodeId>& anchors) {
  for (NodeId input : read_in_place(body, anchors)) {
    size_t at = std::find(body.inputs().begin(), body.inputs().end(), input) - body.inputs().begin();
    for (size_t r = 0; r < body.outputs().size(); ++r) {
      if (body.node(input).results[0] == body.type(body.outputs()[r].value)) {
        merge_groups(kernel, at, body.inputs().size() + r);
      }
    }
  }
}

}  // namespace nnc
