#include "tools/nnc/layer_tree.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

/// A node of the graph, or an output of it: a place in the tree of scopes, and the items it reads.
struct Item {
  LayerKind kind = LayerKind::Layer;
  NodeId node = 0;
  std::string name;               // of what is no layer
  std::vector<std::string> path;  // the scopes around, outermost first
  std::vector<int> reads;
  bool fixed = false;  // made of parameters alone
  int anchor = -1;     // itself; of what is fixed, the first that reads it and is not
};

std::vector<std::string> scopes_of(const Graph& g, ScopeId id) {
  std::vector<std::string> out;
  for (; id != 0; id = g.scopes()[id].parent) out.push_back(g.scopes()[id].name);
  std::reverse(out.begin(), out.end());
  return out;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const Graph& graph) : g_(graph) {
    collect_nodes();
    for (const Output& o : g_.outputs()) {
      Item item{LayerKind::Output, o.value.node, o.name, {}, {}};
      read(item, o.value.node);
      items_.push_back(std::move(item));
    }
    inside_.assign(items_.size(), kOutside);
    find_anchors();
  }

  LayerNode build() {
    LayerNode root{.kind = LayerKind::Cluster};
    std::vector<int> all(items_.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    std::stable_sort(all.begin(), all.end(),
                     [&](int a, int b) { return items_[a].anchor < items_[b].anchor; });
    fill(root, all, 0);
    return root;
  }

 private:
  struct Group {
    std::string key;
    std::vector<int> items;
    std::set<int> reads;  // other groups
  };

  void collect_nodes() {
    std::vector<bool> live = live_nodes(g_);
    std::map<NodeId, bool> varies;  // depends on an input or on state
    for (NodeId id = 0; id < g_.size(); ++id) {
      const Node& n = g_.node(id);
      bool& own = varies[id];
      own = n.op == Op::Input || n.op == Op::Param || n.op == Op::Random;
      for (Value v : n.operands) own = own || varies[v.node];
      if (!live[id] || !own) continue;
      Item item{LayerKind::Layer, id, "", scopes_of(g_, n.scope), {}};
      for (Value v : n.operands) read(item, v.node);
      if (n.op == Op::Input) item = {LayerKind::Input, id, n.as<InputAttrs>().name, {}, {}};
      if (n.op == Op::Param && item.path.empty())
        item = {LayerKind::Param, id, n.as<ParamAttrs>().path, {}, {}};
      item_of_[id] = static_cast<int>(items_.size());
      items_.push_back(std::move(item));
    }
  }

  // Weights belong to the layer that reads them, though they could be computed long before it.
  void find_anchors() {
    for (Item& item : items_) {
      bool param = item.kind == LayerKind::Layer && g_.node(item.node).op == Op::Param;
      auto is_fixed = [&](int r) { return items_[r].fixed; };
      item.fixed = param || (item.kind == LayerKind::Layer && !item.reads.empty() &&
                             std::all_of(item.reads.begin(), item.reads.end(), is_fixed));
    }
    for (size_t i = items_.size(); i-- > 0;) {
      Item& item = items_[i];
      if (item.anchor < 0) item.anchor = static_cast<int>(i);
      if (!item.fixed) item.anchor = static_cast<int>(i);
      for (int r : item.reads) {
        int& anchor = items_[r].anchor;
        if (items_[r].fixed) anchor = anchor < 0 ? item.anchor : std::min(anchor, item.anchor);
      }
    }
  }

  void read(Item& item, NodeId node) {
    if (auto it = item_of_.find(node); it != item_of_.end()) item.reads.push_back(it->second);
  }

  // What stands by itself, or in the scope directly, goes by keys that no scope has.
  std::string key_of(const Item& item, size_t depth) const {
    if (item.kind != LayerKind::Layer) return fmt::format("{}:{}", static_cast<int>(item.kind), item.name);
    return depth < item.path.size() ? item.path[depth] : ".";
  }

  bool reaches(const std::vector<Group>& groups, int from, int to) const {
    std::vector<int> open{to};
    std::set<int> seen{to};
    while (!open.empty()) {
      int at = open.back();
      open.pop_back();
      if (at == from) return true;
      for (int next : groups[at].reads) {
        if (seen.insert(next).second) open.push_back(next);
      }
    }
    return false;
  }

  // Whether the item reads, through others, something of this group: then it can't join.
  bool would_close_a_cycle(const std::vector<Group>& groups, int group, const std::set<int>& reads) const {
    return std::any_of(reads.begin(), reads.end(),
                       [&](int r) { return r != group && reaches(groups, group, r); });
  }

  std::vector<Group> partition(const std::vector<int>& members, size_t depth) {
    std::vector<Group> groups;
    std::map<std::string, int> latest;
    for (int i : members) {
      std::set<int> reads;
      for (int r : items_[i].reads) {
        if (inside_[r] != kOutside) reads.insert(inside_[r]);
      }
      std::set<int> before = reads;
      for (int r : items_[items_[i].anchor].reads) {
        if (inside_[r] != kOutside) before.insert(inside_[r]);
      }
      std::string key = key_of(items_[i], depth);
      auto it = latest.find(key);
      if (it == latest.end() || would_close_a_cycle(groups, it->second, before)) {
        latest[key] = static_cast<int>(groups.size());
        groups.push_back({key, {}, {}});
      }
      int own = latest[key];
      inside_[i] = own;
      groups[own].items.push_back(i);
      reads.erase(own);
      groups[own].reads.insert(reads.begin(), reads.end());
    }
    return groups;
  }

  void fill(LayerNode& cluster, const std::vector<int>& members, size_t depth) {
    std::vector<int> outer = inside_;
    std::fill(inside_.begin(), inside_.end(), kOutside);
    std::vector<Group> groups = partition(members, depth);
    cluster.edges = edges_of(groups, members);
    for (const Group& group : groups) cluster.children.push_back(child(group, depth));
    inside_ = outer;
  }

  std::vector<std::pair<int, int>> edges_of(const std::vector<Group>& groups,
                                            const std::vector<int>& members) const {
    std::set<std::pair<int, int>> edges;
    for (size_t to = 0; to < groups.size(); ++to) {
      for (int from : groups[to].reads) edges.emplace(from, static_cast<int>(to));
    }
    for (int i : members) {
      for (int r : items_[i].reads) {
        if (inside_[r] == kOutside) edges.emplace(kOutside, inside_[i]);
      }
    }
    for (const Item& item : items_) {
      if (inside_[&item - items_.data()] != kOutside) continue;
      for (int r : item.reads) {
        if (inside_[r] != kOutside) edges.emplace(inside_[r], kOutside);
      }
    }
    return {edges.begin(), edges.end()};
  }

  LayerNode child(const Group& group, size_t depth) {
    const Item& first = items_[group.items[0]];
    if (first.kind != LayerKind::Layer) return standing_alone(first);
    bool direct = group.key == ".";
    auto is_deeper = [&](int i) { return items_[i].path.size() > depth + 1; };
    if (direct || std::none_of(group.items.begin(), group.items.end(), is_deeper))
      return layer(group, depth, direct);
    LayerNode out{.kind = LayerKind::Cluster, .name = group.key, .path = path_of(first, depth + 1)};
    fill(out, group.items, depth + 1);
    if (out.children.size() != 1) return out;
    LayerNode only = std::move(out.children[0]);
    only.name = only.path == out.path ? out.name : out.name + "." + only.name;
    return only;
  }

  static std::string path_of(const Item& item, size_t depth) {
    return fmt::format("{}", fmt::join(item.path.begin(), item.path.begin() + depth, "."));
  }

  LayerNode standing_alone(const Item& item) const {
    LayerNode out{.kind = item.kind, .name = item.name, .nodes = {item.node}};
    const Node& n = g_.node(item.node);
    out.type = n.results[0].str();
    if (item.kind == LayerKind::Param && n.as<ParamAttrs>().trainable)
      out.parameters = element_count(n.results[0].shape);
    return out;
  }

  LayerNode layer(const Group& group, size_t depth, bool direct) const {
    LayerNode out{.name = group.key, .path = path_of(items_[group.items[0]], direct ? depth : depth + 1)};
    std::vector<std::string> ops;
    for (int i : group.items) {
      const Node& n = g_.node(items_[i].node);
      out.nodes.push_back(items_[i].node);
      if (n.op == Op::Param) {
        if (n.as<ParamAttrs>().trainable) out.parameters = out.parameters + element_count(n.results[0].shape);
        continue;
      }
      out.type = n.results[0].str();
      std::string op(info(n.op).name);
      bool moves = info(n.op).op_class == OpClass::Movement;
      if (!moves && std::find(ops.begin(), ops.end(), op) == ops.end()) ops.push_back(op);
    }
    if (out.type.empty()) out.type = g_.node(out.nodes.back()).results[0].str();
    constexpr size_t kNamed = 3;
    if (ops.size() > kNamed) ops.resize(kNamed), ops.emplace_back("...");
    if (direct) out.name = ops.empty() ? "view" : fmt::format("{}", fmt::join(ops, ", "));
    return out;
  }

  const Graph& g_;
  std::vector<Item> items_;
  std::map<NodeId, int> item_of_;
  std::vector<int> inside_;  // by item: the group of the cluster being filled, or kOutside
};

}  // namespace

LayerNode layer_tree(const Graph& graph) { return TreeBuilder(graph).build(); }

}  // namespace nnc::tool
