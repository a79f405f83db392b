#include "passes/fusion_groups.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace nnc {

bool is_view(Op op) {
  OpClass c = info(op).op_class;
  return c == OpClass::Movement || op == Op::Window || op == Op::StopGradient || op == Op::Barrier;
}

bool is_free_leaf(Op op) { return op == Op::Constant || op == Op::Iota || op == Op::Extent; }

namespace {

bool is_external(Op op) { return op == Op::Input || op == Op::Param; }

// Folds that share a kernel only because they are alike: more would spare no time worth the name, and make of a deep net's
// biases one long kernel instead of short equal ones, which are compiled once.
constexpr std::ptrdiff_t kMostAlike = 4;

bool is_reduction(Op op) { return info(op).op_class == OpClass::Reduce; }

std::vector<int64_t> folded_axes(const Node& n) {
  return n.op == Op::Reduce ? n.as<ReduceAttrs>().axes : std::vector<int64_t>{n.as<AxisAttrs>().axis};
}

bool are_trailing(const std::vector<int64_t>& axes, size_t rank) {
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != static_cast<int64_t>(rank - axes.size() + i)) return false;
  }
  return true;
}

bool is_prefix(const Shape& prefix, size_t length, const Shape& shape) {
  return prefix.size() == length && std::equal(prefix.begin(), prefix.end(), shape.begin());
}

}  // namespace

FusionGroups::FusionGroups(const Graph& graph, FusionMode mode)
    : graph_(graph),
      mode_(mode),
      live_(live_nodes(graph)),
      materialised_(graph.size(), false),
      group_of_(graph.size(), kNoGroup) {
  mark_materialised();
  find_unwindow_feeders();
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (live_[id] && needs_group(id)) place(id);
  }
  if (mode == FusionMode::Unfused) return;
  absorb_producers();
  remake_comparisons();
}

// Outputs and operands of scans live in memory; behind them a reshape is only another name for it.
void FusionGroups::mark_materialised() {
  auto mark = [&](Value v) {
    while (graph_.node(v).op == Op::Reshape) v = graph_.node(v).operands[0];
    if (!is_external(graph_.node(v).op)) materialised_[v.node] = true;
  };
  for (const Output& out : graph_.outputs()) mark(out.value);
  for (NodeId id = 0; id < graph_.size(); ++id) {
    if (!live_[id] || graph_.node(id).op != Op::Scan) continue;
    for (Value v : graph_.node(id).operands) mark(v);
  }
}

// What is read by unwindows alone has a window's taps among its axes and must never be stored: it is computed tap by
// tap where it is summed, apart from the group that made what it depends on.
void FusionGroups::find_unwindow_feeders() {
  feeds_unwindow_.assign(graph_.size(), false);
  std::vector<std::vector<NodeId>> users = users_of(graph_);
  for (size_t i = graph_.size(); i-- > 0;) {
    NodeId id = static_cast<NodeId>(i);
    bool passes_on = is_elementwise(graph_.node(id).op) || is_view(graph_.node(id).op);
    if (!live_[id] || !passes_on || materialised_[id]) continue;
    bool only = true, any = false;
    for (NodeId u : users[id]) {
      if (!live_[u]) continue;
      any = true;
      only &= graph_.node(u).op == Op::Unwindow || feeds_unwindow_[u];
    }
    feeds_unwindow_[id] = any && only;
  }
}

bool FusionGroups::needs_group(NodeId id) const {
  Op op = graph_.node(id).op;
  if (is_external(op)) return false;
  return materialised_[id] || !(is_view(op) || is_free_leaf(op));
}

std::vector<Value> FusionGroups::sources(Value v) const {
  const Node& n = graph_.node(v);
  if (is_computed(v.node) || n.operands.empty()) return {v};
  std::vector<Value> out;
  for (Value operand : n.operands) {
    std::vector<Value> behind = sources(operand);
    out.insert(out.end(), behind.begin(), behind.end());
  }
  return out;
}

FusionGroups::Source FusionGroups::source_of(Value v) const {
  Source out{v, true, true};
  while (is_view(graph_.node(out.value).op) && group_of_[out.value.node] == kNoGroup) {
    Op op = graph_.node(out.value).op;
    bool moves = info(op).op_class == OpClass::Movement || op == Op::Window;
    out.identity = out.identity && !moves;
    out.bijective = out.bijective && (!moves || op == Op::Permute || op == Op::Reshape);
    out.value = graph_.node(out.value).operands[0];
  }
  return out;
}

bool FusionGroups::reaches(GroupId from, GroupId to) const {
  std::vector<GroupId> stack = {from};
  std::set<GroupId> seen;
  while (!stack.empty()) {
    GroupId g = stack.back();
    stack.pop_back();
    if (g == to) return true;
    if (!seen.insert(g).second) continue;
    for (GroupId r : groups_[g].reads) stack.push_back(r);
  }
  return false;
}

// Joining is impossible when another operand's group needs g: g would wait for itself.
Refusal FusionGroups::between(NodeId id, GroupId g) const {
  for (Value v : graph_.node(id).operands) {
    NodeId source = source_of(v).value.node;
    GroupId other = group_of_[source];
    if (other != kNoGroup && other != g && reaches(other, g)) return {Apart::Between, source};
  }
  return {};
}

// The groups that make an op's operands. What is dearest to store and read back first: a contraction's tile, then a
// row, then the rest, latest first.
std::vector<GroupId> FusionGroups::producers(NodeId id) const {
  std::vector<GroupId> out;
  for (Value v : graph_.node(id).operands) {
    GroupId g = group_of_[source_of(v).value.node];
    if (g != kNoGroup && std::find(out.begin(), out.end(), g) == out.end()) out.push_back(g);
  }
  auto rank = [&](GroupId g) {
    KernelKind k = groups_[g].kind;
    return k == KernelKind::Contraction ? 0 : k == KernelKind::Row ? 1 : k == KernelKind::Reduce ? 2 : 3;
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](GroupId a, GroupId b) { return std::pair(rank(a), b) < std::pair(rank(b), a); });
  return out;
}

// Groups an op may share without reading them: scalar arithmetic, and folds over the same axes.
std::vector<GroupId> FusionGroups::likes(NodeId id) const {
  const Node& n = graph_.node(id);
  bool scalar = is_elementwise(n.op) && n.results[0].is_scalar();
  bool fold = is_reduction(n.op);
  auto has_room = [&](const Group& g) {
    return std::ranges::count_if(g.nodes, [&](NodeId n) { return is_reduction(graph_.node(n).op); }) <
           kMostAlike;
  };
  auto alike = [&](const Group& g) {
    if (scalar) return g.kind == KernelKind::Pointwise && g.space.empty();
    return g.kind == KernelKind::Reduce && has_room(g);
  };
  std::vector<GroupId> out;
  for (GroupId g = 0; g < groups_.size() && (scalar || fold); ++g) {
    if (alike(groups_[g])) out.push_back(g);
  }
  return out;
}

// Every operand that comes from g must do so through views with the property.
Refusal FusionGroups::operands_from(NodeId id, GroupId g, bool Source::*property) const {
  for (Value v : graph_.node(id).operands) {
    Source s = source_of(v);
    if (group_of_[s.value.node] == g && !(s.*property)) return {Apart::Moves, v.node};
  }
  return {};
}

Refusal FusionGroups::join_pointwise(NodeId id, const Group& g, GroupId self) const {
  const Node& n = graph_.node(id);
  if (Refusal moved = operands_from(id, self, &Source::identity)) return moved;
  if (!is_reduction(n.op)) return {n.results[0].shape == g.space ? Apart::Not : Apart::Shapes};
  // A fold of what was just computed turns the group into rows.
  const Shape& folded = graph_.type(n.operands[0]).shape;
  std::vector<int64_t> axes = folded_axes(n);
  if (folded != g.space) return {Apart::Shapes};
  bool rows = are_trailing(axes, folded.size()) && axes.size() < folded.size();
  return {rows ? Apart::Not : Apart::Axes};
}

// In a row kernel an outer value may be used as it is by outer-shaped ops and repeated along the row by full
// ones.
bool FusionGroups::row_operand_fits(Value operand, const Shape& space, const Group& g, GroupId self) const {
  Source s = source_of(operand);
  if (group_of_[s.value.node] != self) return true;
  const Shape& from = graph_.type(s.value).shape;
  if (s.identity) return from == space;
  const Node& view = graph_.node(operand);
  if (view.op != Op::Broadcast || !is_prefix(from, g.outer, g.space) || space != g.space) return false;
  if (!source_of(view.operands[0]).identity) return false;
  const auto& axes = view.as<BroadcastAttrs>().axes;
  std::vector<int64_t> leading(g.outer);
  std::iota(leading.begin(), leading.end(), 0);
  return axes == leading;
}

Refusal FusionGroups::join_row(NodeId id, const Group& g, GroupId self) const {
  const Node& n = graph_.node(id);
  bool fold = is_reduction(n.op);
  const Shape& space = fold ? graph_.type(n.operands[0]).shape : n.results[0].shape;
  if (fold) {
    std::vector<int64_t> axes = folded_axes(n);
    if (space != g.space) return {Apart::Shapes};
    if (!are_trailing(axes, space.size()) || space.size() - axes.size() != g.outer) return {Apart::Axes};
  } else if (space != g.space && !is_prefix(space, g.outer, g.space)) {
    return {Apart::Shapes};
  }
  bool fits = std::all_of(n.operands.begin(), n.operands.end(),
                          [&](Value v) { return row_operand_fits(v, space, g, self); });
  return {fits ? Apart::Not : Apart::Across};
}

Refusal FusionGroups::join_contraction(NodeId id, const Group& g, GroupId self) const {
  const Node& n = graph_.node(id);
  if (is_reduction(n.op)) return {Apart::Tiles};
  if (!is_elementwise(n.op)) return {Apart::Begins};
  if (element_count(n.results[0].shape) != element_count(g.space)) return {Apart::Shapes};
  return operands_from(id, self, &Source::bijective);
}

Refusal FusionGroups::join_reduce(NodeId id, const Group& g, GroupId self) const {
  const Node& n = graph_.node(id);
  if (is_reduction(n.op)) {
    bool reads = std::any_of(n.operands.begin(), n.operands.end(),
                             [&](Value v) { return group_of_[source_of(v).value.node] == self; });
    if (reads) return {Apart::Unready};
    if (graph_.type(n.operands[0]).shape != g.folded) return {Apart::Shapes};
    return {folded_axes(n) == g.axes ? Apart::Not : Apart::Axes};
  }
  if (!is_elementwise(n.op)) return {Apart::Begins};
  if (n.results[0].shape != g.space) return {Apart::Shapes};
  return operands_from(id, self, &Source::identity);
}

Refusal FusionGroups::join(NodeId id, GroupId self) const {
  const Node& n = graph_.node(id);
  const Group& g = groups_[self];
  bool fold = is_reduction(n.op);
  bool plain = is_elementwise(n.op) || n.op == Op::Random || n.op == Op::Gather || n.op == Op::Concat;
  if (!plain && !fold) return {Apart::Begins};
  if (feeds_unwindow_[id] != g.feeds_unwindow) return {Apart::Taps};
  switch (g.kind) {
    case KernelKind::Pointwise:
      return join_pointwise(id, g, self);
    case KernelKind::Row:
      return join_row(id, g, self);
    case KernelKind::Contraction:
      return join_contraction(id, g, self);
    case KernelKind::Reduce:
      return join_reduce(id, g, self);
    case KernelKind::Index:
    case KernelKind::Scan:
      return {Apart::Whole};
  }
  return {Apart::Whole};
}

Group FusionGroups::make_group(NodeId id) const {
  const Node& n = graph_.node(id);
  Group g;
  g.space = n.results[0].shape;
  g.feeds_unwindow = feeds_unwindow_[id];
  if (n.op == Op::Dot) g.kind = KernelKind::Contraction;
  if (n.op == Op::ScatterAdd) g.kind = KernelKind::Index;
  if (n.op == Op::Scan) g.kind = KernelKind::Scan;
  if (!is_reduction(n.op)) return g;
  g.folded = graph_.type(n.operands[0]).shape;
  g.axes = folded_axes(n);
  bool rows = are_trailing(g.axes, g.folded.size()) && g.axes.size() < g.folded.size();
  g.kind = rows ? KernelKind::Row : KernelKind::Reduce;
  if (rows) {
    g.space = g.folded;
    g.outer = g.folded.size() - g.axes.size();
  }
  return g;
}

void FusionGroups::add_to(NodeId id, GroupId self) {
  Group& g = groups_[self];
  const Node& n = graph_.node(id);
  if (g.kind == KernelKind::Pointwise && is_reduction(n.op)) {
    g.kind = KernelKind::Row;
    g.outer = g.space.size() - folded_axes(n).size();
  }
  g.nodes.push_back(id);
  group_of_[id] = self;
  for (Value v : n.operands) {
    GroupId other = group_of_[source_of(v).value.node];
    if (other != kNoGroup && other != self) g.reads.insert(other);
  }
}

void FusionGroups::place(NodeId id) {
  std::optional<GroupId> home;
  auto refusal = [&](GroupId g) -> Refusal {
    if (is_view(graph_.node(id).op)) return {Apart::Copied};
    if (home) return {Apart::Beside};
    if (Refusal no = join(id, g)) return no;
    return between(id, g);
  };
  if (mode_ == FusionMode::Fused) {
    for (GroupId g : producers(id)) {
      if (Refusal no = refusal(g))
        refused_.push_back({groups_[g].nodes[0], id, no});
      else
        home = g;
    }
    for (GroupId g : likes(id)) {
      if (!home && !refusal(g)) home = g;
    }
  }
  if (!home) {
    home = static_cast<GroupId>(groups_.size());
    groups_.push_back(make_group(id));
  }
  add_to(id, *home);
}

}  // namespace nnc
