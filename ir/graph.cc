#include "ir/graph.h"

#include <algorithm>
#include <set>

namespace nnc {
namespace {

size_t mix(size_t h, size_t v) { return (h ^ v) * 0x9E3779B97F4A7C15u + (h >> 29); }

// One overload per field type that occurs in attributes.
size_t hash_field(int64_t v) { return std::hash<int64_t>()(v); }
size_t hash_field(bool v) { return v; }
size_t hash_field(const std::string& v) { return std::hash<std::string>()(v); }
size_t hash_field(const Dim& v) { return v.hash(); }
size_t hash_field(DType v) { return static_cast<size_t>(v); }
size_t hash_field(Monoid v) { return static_cast<size_t>(v); }
size_t hash_field(KernelKind v) { return static_cast<size_t>(v); }
size_t hash_field(const Literal& v) { return mix(v.bits, static_cast<size_t>(v.dtype)); }
size_t hash_field(const WindowAxis& w) { return mix(mix(mix(w.axis, w.size), w.stride), w.dilation); }
size_t hash_field(const Body& b) { return b.graph ? b.graph->structure_hash() : 0; }
template <class T>
size_t hash_field(const std::vector<T>& v) {
  size_t h = v.size();
  for (const T& x : v) h = mix(h, hash_field(x));
  return h;
}
size_t hash_field(const Type& v) { return mix(hash_field(v.shape), hash_field(v.dtype)); }

size_t hash_node(Op op, const Attrs& attrs, const std::vector<Value>& operands) {
  size_t h = mix(static_cast<size_t>(op), hash_of(attrs));
  for (Value v : operands) h = mix(mix(h, v.node), v.index);
  return h;
}

}  // namespace

size_t hash_of(const Attrs& attrs) {
  return std::visit(
      [&](const auto& a) {
        size_t h = attrs.index();
        std::apply([&](auto... f) { ((h = mix(h, hash_field(a.*(f.member)))), ...); }, a.fields());
        return h;
      },
      attrs);
}

bool Body::operator==(const Body& other) const {
  if (graph == other.graph) return true;
  return graph && other.graph && graph->same_structure(*other.graph);
}

NodeId Graph::add(Op op, Attrs attrs, std::vector<Value> operands, ScopeId scope, Loc loc) {
  size_t h = hash_node(op, attrs, operands);
  auto [first, last] = interned_.equal_range(h);
  for (auto it = first; it != last; ++it) {
    const Node& n = nodes_[it->second];
    if (n.op == op && n.operands == operands && n.attrs == attrs) return it->second;
  }
  std::vector<Type> types;
  for (Value v : operands) types.push_back(type(v));
  std::vector<Type> results = infer(op, attrs, types);
  NodeId id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back({op, std::move(attrs), std::move(operands), std::move(results), scope, loc});
  interned_.emplace(h, id);
  if (op == Op::Input) inputs_.push_back(id);
  if (op == Op::Param) params_.push_back(id);
  return id;
}

const Output* Graph::find_output(std::string_view name, bool state_write) const {
  for (const Output& out : outputs_) {
    if (out.name == name && out.state_write == state_write) return &out;
  }
  return nullptr;
}

std::vector<std::string> Graph::symbols() const {
  std::set<std::string> names;
  for (const Node& n : nodes_) {
    for (const Type& t : n.results) {
      for (const Dim& d : t.shape) d.collect_symbols(names);
    }
    if (n.op == Op::Extent) n.as<ExtentAttrs>().dim.collect_symbols(names);
    if (n.op == Op::Scan) {
      n.as<ScanAttrs>().length.collect_symbols(names);
      for (const std::string& s : n.as<ScanAttrs>().body.graph->symbols()) names.insert(s);
    }
    if (n.op == Op::Region) {
      for (const std::string& s : n.as<RegionAttrs>().body.graph->symbols()) names.insert(s);
    }
  }
  return {names.begin(), names.end()};
}

ScopeId Graph::scope(ScopeId parent, const std::string& name) {
  auto [it, fresh] = scope_ids_.try_emplace({parent, name}, static_cast<ScopeId>(scopes_.size()));
  if (fresh) scopes_.push_back({parent, name});
  return it->second;
}

std::string Graph::scope_path(ScopeId id) const {
  if (id == 0) return "";
  std::string parent = scope_path(scopes_[id].parent);
  return parent.empty() ? scopes_[id].name : parent + "." + scopes_[id].name;
}

bool Graph::same_structure(const Graph& other) const {
  return outputs_ == other.outputs_ && std::equal(nodes_.begin(), nodes_.end(), other.nodes_.begin(),
                                                  other.nodes_.end(), [](const Node& a, const Node& b) {
                                                    return a.op == b.op && a.operands == b.operands &&
                                                           a.attrs == b.attrs;
                                                  });
}

size_t Graph::structure_hash() const {
  size_t h = nodes_.size();
  for (const Node& n : nodes_) h = mix(h, hash_node(n.op, n.attrs, n.operands));
  for (const Output& o : outputs_) h = mix(mix(h, hash_field(o.name)), o.value.node);
  return h;
}

std::vector<std::vector<NodeId>> users_of(const Graph& graph) {
  std::vector<std::vector<NodeId>> users(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    for (Value v : graph.node(id).operands) {
      if (users[v.node].empty() || users[v.node].back() != id) users[v.node].push_back(id);
    }
  }
  return users;
}

std::vector<bool> live_nodes(const Graph& graph) {
  std::vector<bool> live(graph.size(), false);
  for (const Output& out : graph.outputs()) live[out.value.node] = true;
  for (size_t id = graph.size(); id-- > 0;) {
    if (!live[id]) continue;
    for (Value v : graph.node(static_cast<NodeId>(id)).operands) live[v.node] = true;
  }
  return live;
}

}  // namespace nnc
