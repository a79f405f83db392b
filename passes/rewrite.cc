// The walk over the old graph, and the map from its values to the new ones.
#include "passes/rewrite.h"

namespace nnc {

Rebuild::Rebuild(const Graph& source)
    : source_(source), graph_(source.name()), builder_(graph_), images_(source.size()) {
  const std::vector<Scope>& scopes = source.scopes();
  for (ScopeId id = 1; id < scopes.size(); ++id) graph_.scope(scopes[id].parent, scopes[id].name);
}

std::vector<Value> Rebuild::operands_of(NodeId id) const {
  std::vector<Value> out;
  for (Value v : source_.node(id).operands) out.push_back((*this)(v));
  return out;
}

void Rebuild::enter(NodeId id) {
  builder_.set_scope(source_.node(id).scope);
  builder_.set_loc(source_.node(id).loc);
}

void Rebuild::keep(NodeId id) { keep(id, source_.node(id).attrs); }

void Rebuild::keep(NodeId id, Attrs attrs) {
  enter(id);
  replace(id, builder_.add_node(source_.node(id).op, std::move(attrs), operands_of(id)));
}

Graph Rebuild::finish() {
  for (const Output& out : source_.outputs())
    graph_.add_output({out.name, (*this)(out.value), out.state_write});
  return std::move(graph_);
}

const Graph* body_of(const Node& n) {
  if (n.op == Op::Scan) return n.as<ScanAttrs>().body.graph.get();
  if (n.op == Op::Region) return n.as<RegionAttrs>().body.graph.get();
  return nullptr;
}

Attrs map_body(const Attrs& attrs, const std::function<Graph(const Graph&)>& fn) {
  auto mapped = [&](const Body& body) { return Body{std::make_shared<const Graph>(fn(*body.graph))}; };
  Attrs out = attrs;
  if (auto* scan = std::get_if<ScanAttrs>(&out)) scan->body = mapped(scan->body);
  if (auto* region = std::get_if<RegionAttrs>(&out)) region->body = mapped(region->body);
  return out;
}

Graph rebuild(const Graph& source, const Emit& emit, Bodies bodies) {
  Rebuild to(source);
  std::vector<bool> live = live_nodes(source);
  auto visit = [&](const Graph& body) { return rebuild(body, emit, bodies); };
  for (NodeId id = 0; id < source.size(); ++id) {
    const Node& n = source.node(id);
    if (!live[id] && n.op != Op::Input) continue;
    to.enter(id);
    std::vector<Value> images = emit(to.builder(), n, to.operands_of(id));
    if (!images.empty()) {
      to.replace(id, std::move(images));
    } else if (bodies == Bodies::Visit && body_of(n)) {
      to.keep(id, map_body(n.attrs, visit));
    } else {
      to.keep(id);
    }
  }
  return to.finish();
}

std::vector<bool> ancestors(const Graph& graph, const std::vector<Value>& ends) {
  std::vector<bool> out(graph.size(), false);
  for (Value v : ends) out[v.node] = true;
  for (size_t id = graph.size(); id-- > 0;) {
    if (!out[id]) continue;
    for (Value v : graph.node(static_cast<NodeId>(id)).operands) out[v.node] = true;
  }
  return out;
}

Graph eliminate_dead_code(const Graph& source) {
  auto keep = [](Builder&, const Node&, const std::vector<Value>&) { return std::vector<Value>(); };
  return rebuild(source, keep, Bodies::Visit);
}

}  // namespace nnc
