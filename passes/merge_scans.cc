// Bodies are joined by building them into one graph over the same inputs, where equal nodes are one node.
#include "passes/merge_scans.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "passes/rewrite.h"

namespace nnc {
namespace {

using Key = std::tuple<std::vector<Value>, int64_t, int64_t, std::string, bool>;

Key key_of(const Node& n) {
  const auto& a = n.as<ScanAttrs>();
  return {n.operands, a.carries, a.scanned, a.length.str(), a.reverse};
}

// Several bodies as one; outputs[m][k] is the place of member m's output k.
class Joint {
 public:
  explicit Joint(const Graph& first) : graph_(first.name()), b_(graph_) {
    for (NodeId id : first.inputs()) {
      const auto& in = first.node(id).as<InputAttrs>();
      inputs_.push_back(b_.input(in.name, in.type));
    }
  }

  /// False, and nothing joined, unless the next carries are those of the members before.
  bool join(const Graph& body, size_t carries) {
    std::vector<Value> roots;
    for (const Output& out : body.outputs()) roots.push_back(out.value);
    std::vector<Value> images = inline_graph(b_, body, inputs_, roots);
    if (places_.empty()) {
      for (size_t k = 0; k < carries; ++k) graph_.add_output({body.outputs()[k].name, images[k]});
    }
    for (size_t k = 0; k < carries; ++k) {
      if (graph_.outputs()[k].value != images[k]) return false;
    }
    std::vector<uint32_t> places;
    for (size_t k = 0; k < images.size(); ++k) {
      places.push_back(k < carries ? static_cast<uint32_t>(k)
                                   : place_of(body.outputs()[k].name, images[k], carries));
    }
    places_.push_back(std::move(places));
    return true;
  }
  const std::vector<std::vector<uint32_t>>& places() const { return places_; }
  Body body() { return {std::make_shared<const Graph>(std::move(graph_))}; }

 private:
  uint32_t place_of(const std::string& name, Value v, size_t carries) {
    const std::vector<Output>& outputs = graph_.outputs();
    for (size_t k = carries; k < outputs.size(); ++k) {
      if (outputs[k].value == v) return static_cast<uint32_t>(k);
    }
    std::string fresh = name;
    for (int n = 2; graph_.find_output(fresh); ++n) fresh = fmt::format("{}_{}", name, n);
    graph_.add_output({fresh, v});
    return static_cast<uint32_t>(outputs.size() - 1);
  }

  Graph graph_;
  Builder b_;
  std::vector<Value> inputs_;
  std::vector<std::vector<uint32_t>> places_;
};

// Emits the members as one scan and says what stands for each.
void emit(Rebuild& to, const std::vector<NodeId>& members) {
  const Graph& source = to.source();
  const auto& first = source.node(members[0]).as<ScanAttrs>();
  Joint joint(*first.body.graph);
  std::vector<NodeId> joined;
  for (NodeId id : members) {
    if (joint.join(*source.node(id).as<ScanAttrs>().body.graph, static_cast<size_t>(first.carries)))
      joined.push_back(id);
  }
  if (joined.size() < 2) return;
  ScanAttrs attrs = first;
  attrs.body = joint.body();
  to.enter(members[0]);
  std::vector<Value> results = to.builder().scan(attrs, to.operands_of(members[0]));
  for (size_t m = 0; m < joined.size(); ++m) {
    std::vector<Value> images;
    for (uint32_t place : joint.places()[m]) images.push_back(results[place]);
    to.replace(joined[m], std::move(images));
  }
}

}  // namespace

Graph merge_scans(const Graph& source) {
  std::map<Key, std::vector<NodeId>> groups;
  std::vector<bool> live = live_nodes(source);
  for (NodeId id = 0; id < source.size(); ++id) {
    if (live[id] && source.node(id).op == Op::Scan) groups[key_of(source.node(id))].push_back(id);
  }
  Rebuild to(source);
  for (NodeId id = 0; id < source.size(); ++id) {
    const Node& n = source.node(id);
    if ((!live[id] && n.op != Op::Input) || to.has(id)) continue;
    if (n.op == Op::Scan) emit(to, groups.at(key_of(n)));
    if (!to.has(id)) to.keep(id);
  }
  return to.finish();
}

}  // namespace nnc
