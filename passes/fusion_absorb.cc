// The second half of grouping: pointwise groups that disappear into what reads them, into one reader or, where they are
// less to compute again than to store, into every one.
#include <algorithm>

#include "ir/origin.h"
#include "passes/fusion_groups.h"

namespace nnc {

std::vector<std::set<GroupId>> FusionGroups::consumers() const {
  std::vector<std::set<GroupId>> out(groups_.size());
  for (GroupId g = 0; g < groups_.size(); ++g) {
    for (GroupId r : groups_[g].reads) out[r].insert(g);
  }
  return out;
}

// Whether the consumer reads the producer only behind its contraction or fold, once for every result element.
bool FusionGroups::feeds_epilogue(GroupId producer, GroupId consumer) const {
  const Group &p = groups_[producer], &c = groups_[consumer];
  if (c.kind != KernelKind::Contraction && c.kind != KernelKind::Reduce) return false;
  if (element_count(p.space) != element_count(c.space)) return false;
  return std::all_of(c.nodes.begin(), c.nodes.end(), [&](NodeId id) {
    const Node& n = graph_.node(id);
    bool reads = std::any_of(n.operands.begin(), n.operands.end(),
                             [&](Value v) { return group_of_[source_of(v).value.node] == producer; });
    return !reads || (is_elementwise(n.op) && n.results[0].shape == c.space && n.results[0].shape == p.space);
  });
}

// Whether both are pointwise over the same space and every element of one needs that of the other alone: one loop
// stores the results of both.
bool FusionGroups::computes_alike(GroupId producer, GroupId consumer) const {
  const Group &p = groups_[producer], &c = groups_[consumer];
  if (c.kind != KernelKind::Pointwise || p.space != c.space || p.feeds_unwindow != c.feeds_unwindow)
    return false;
  return std::all_of(c.nodes.begin(), c.nodes.end(),
                     [&](NodeId id) { return !operands_from(id, producer, &Source::identity); });
}

// A pointwise producer disappears into its only consumer where no element is computed much more often than before.
Refusal FusionGroups::absorb(GroupId producer, const std::set<GroupId>& users) const {
  const Group &p = groups_[producer], &c = groups_[*users.begin()];
  auto find = [&](auto&& property) { return std::find_if(p.nodes.begin(), p.nodes.end(), property); };
  if (find([&](NodeId id) { return materialised_[id]; }) != p.nodes.end()) {
    bool alike = users.size() == 1 && computes_alike(producer, *users.begin());
    return {alike ? Apart::Not : Apart::Stored};
  }
  if (users.size() > 1) return {Apart::Readers};
  if (c.kind == KernelKind::Scan) return {Apart::Stored};
  if (feeds_epilogue(producer, *users.begin()) || p.feeds_unwindow) return {};
  bool tiles = c.kind == KernelKind::Contraction || c.kind == KernelKind::Index;
  const Shape& space = c.kind == KernelKind::Reduce ? c.folded : c.space;
  if (!tiles && element_count(p.space) == element_count(space)) return {};
  auto dear = find([&](NodeId id) { return is_dear(id); });
  if (dear != p.nodes.end()) return {Apart::Dear, *dear};
  return {p.nodes.size() <= (tiles ? 4 : 2) ? Apart::Not : Apart::Long};
}

// Whether all elements that enter the group from outside have half the bytes, at most, of those that it computes.
bool FusionGroups::reads_narrow(GroupId g) const {
  const Group& group = groups_[g];
  const int64_t own = size_of(graph_.node(group.nodes.back()).results[0].dtype);
  auto narrow = [&](Value v) {
    Source s = source_of(v);
    const Node& from = graph_.node(s.value);
    if (group_of_[s.value.node] == g || is_free_leaf(from.op)) return true;
    return s.bijective && 2 * size_of(from.results[0].dtype) <= own;
  };
  return std::all_of(group.nodes.begin(), group.nodes.end(), [&](NodeId id) {
    const Node& n = graph_.node(id);
    return std::all_of(n.operands.begin(), n.operands.end(), narrow);
  });
}

// Whether it is less to read what the group is made of, as pixels are in bytes, and to compute it again in every product
// that reads it, than to store its values and to read those; threads then share nothing that one of them wrote. What it is
// made of is in memory: it would else be computed again as well.
bool FusionGroups::widens(GroupId producer, const std::set<GroupId>& users) const {
  constexpr size_t kFew = 4;
  const Group& p = groups_[producer];
  auto cheap = [&](NodeId id) { return !materialised_[id] && (!is_dear(id) || divides_bytes(id)); };
  auto reads_once = [&](NodeId id) { return !operands_from(id, producer, &Source::bijective); };
  auto fits = [&](GroupId u) {
    const Group& user = groups_[u];
    return user.kind == KernelKind::Contraction &&
           std::all_of(user.nodes.begin(), user.nodes.end(), reads_once);
  };
  auto computes = [&](GroupId g) { return groups_[g].kind == KernelKind::Pointwise; };
  return p.nodes.size() <= kFew && !p.feeds_unwindow && reads_narrow(producer) &&
         std::none_of(p.reads.begin(), p.reads.end(), computes) &&
         std::all_of(p.nodes.begin(), p.nodes.end(), cheap) && std::all_of(users.begin(), users.end(), fits);
}

bool FusionGroups::is_dear(NodeId id) const { return has_trait(graph_.node(id).op, kDear); }

// Of 256 dividends all can be tried: it takes no division.
bool FusionGroups::divides_bytes(NodeId id) const {
  const Node& n = graph_.node(id);
  return n.op == Op::Div && is_byte_in_f32(graph_, n.operands[0]) &&
         literal_everywhere(graph_, n.operands[1]).has_value();
}

// Every reader gets its own copy, as of a view.
void FusionGroups::dissolve(GroupId producer, const std::set<GroupId>& users) {
  Group& p = groups_[producer];
  for (NodeId id : p.nodes) group_of_[id] = kNoGroup;
  for (GroupId u : users) {
    groups_[u].reads.erase(producer);
    groups_[u].reads.insert(p.reads.begin(), p.reads.end());
  }
  p.nodes.clear();
  p.reads.clear();
}

void FusionGroups::merge(GroupId from, GroupId into) {
  for (NodeId id : groups_[from].nodes) group_of_[id] = into;
  Group& g = groups_[into];
  g.nodes.insert(g.nodes.end(), groups_[from].nodes.begin(), groups_[from].nodes.end());
  std::sort(g.nodes.begin(), g.nodes.end());
  g.reads.insert(groups_[from].reads.begin(), groups_[from].reads.end());
  g.reads.erase(from);
  groups_[from].nodes.clear();
  groups_[from].reads.clear();
}

void FusionGroups::absorb_producers() {
  for (size_t i = groups_.size(); i-- > 0;) {
    GroupId producer = static_cast<GroupId>(i);
    if (groups_[producer].nodes.empty() || groups_[producer].kind != KernelKind::Pointwise) continue;
    std::set<GroupId> users = consumers()[producer];
    if (users.empty()) continue;
    if (widens(producer, users))
      dissolve(producer, users);
    else if (Refusal no = absorb(producer, users))
      refused_.push_back({groups_[producer].nodes[0], groups_[*users.begin()].nodes[0], no});
    else
      merge(producer, *users.begin());
  }
}

}  // namespace nnc
