#include "tools/nnc/dot.h"

#include <map>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string label_of(const Node& n) {
  std::string name(info(n.op).name);
  if (n.op == Op::Input) name = n.as<InputAttrs>().name;
  if (n.op == Op::Param) name = n.as<ParamAttrs>().path;
  if (n.op == Op::Constant) name = n.as<ConstantAttrs>().value.str();
  return escaped(fmt::format("{}", name)) + "\\n" + escaped(n.results[0].str());
}

}  // namespace

std::string dot_of(const Graph& graph) {
  std::vector<bool> live = live_nodes(graph);
  std::map<ScopeId, std::string> clusters;
  std::string edges;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    if (!live[id]) continue;
    clusters[n.scope] += fmt::format("    n{} [label=\"{}\"];\n", id, label_of(n));
    for (Value v : n.operands) edges += fmt::format("  n{} -> n{};\n", v.node, id);
  }
  for (const Output& o : graph.outputs()) {
    edges += fmt::format("  \"out {0}\" [label=\"{0}\", shape=oval];\n  n{1} -> \"out {0}\";\n",
                         escaped(o.name), o.value.node);
  }
  std::string out = fmt::format("digraph \"{}\" {{\n  node [shape=box];\n", escaped(graph.name()));
  for (const auto& [scope, nodes] : clusters) {
    std::string path = graph.scope_path(scope);
    if (path.empty())
      out += nodes;
    else
      out +=
          fmt::format("  subgraph cluster_{} {{\n    label=\"{}\";\n{}  }}\n", scope, escaped(path), nodes);
  }
  return out + edges + "}\n";
}

}  // namespace nnc::tool
