// The end of grouping: a comparison of a stored result with a number, as the way back of a relu asks of it, is made again
// where it is read instead of being stored beside the result. The kernel is then the one that evaluation runs.
#include <algorithm>

#include "ir/origin.h"
#include "passes/fusion_groups.h"

namespace nnc {

// What a comparison with a number compares: a result of its own group.
std::optional<Value> FusionGroups::compared_result(NodeId id) const {
  const Node& n = graph_.node(id);
  if (!has_trait(n.op, kPredicate) || n.operands.size() != 2 || materialised_[id]) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    Source s = source_of(n.operands[i]);
    bool own = s.identity && is_computed(id) && group_of_[s.value.node] == group_of_[id];
    if (own && literal_everywhere(graph_, n.operands[1 - i])) return s.value;
  }
  return std::nullopt;
}

// Whether kernels of other groups read it, all of them elementwise and where it is.
bool FusionGroups::only_others_read(NodeId id, const std::vector<NodeId>& users) const {
  auto reads_in_place = [&](NodeId u) {
    return is_elementwise(graph_.node(u).op) && is_computed(u) && group_of_[u] != group_of_[id];
  };
  return !users.empty() && std::ranges::all_of(users, reads_in_place);
}

// Of every group, the values that others read but through a comparison, or that the caller does.
std::set<Value> FusionGroups::stored_results(const std::vector<bool>& compares) const {
  std::set<Value> out;
  for (NodeId id = 0; id < graph_.size(); ++id) {
    if (!is_computed(id) || compares[id]) continue;
    if (materialised_[id]) out.insert({id, 0});
    for (Value operand : graph_.node(id).operands) {
      for (Value v : sources(operand)) {
        if (group_of_[v.node] != group_of_[id]) out.insert(v);
      }
    }
  }
  return out;
}

void FusionGroups::remake_comparisons() {
  std::vector<std::vector<NodeId>> users = users_of(graph_);
  for (std::vector<NodeId>& of : users) std::erase_if(of, [&](NodeId u) { return !live_[u]; });
  std::vector<bool> compares(graph_.size());
  for (NodeId id = 0; id < graph_.size(); ++id) {
    compares[id] = live_[id] && compared_result(id) && only_others_read(id, users[id]);
  }
  const std::set<Value> stored = stored_results(compares);
  for (NodeId id = 0; id < graph_.size(); ++id) {
    if (!compares[id] || !stored.contains(*compared_result(id))) continue;
    std::erase(groups_[group_of_[id]].nodes, id);
    group_of_[id] = kNoGroup;
  }
}

}  // namespace nnc
