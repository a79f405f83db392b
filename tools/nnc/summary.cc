#include "tools/nnc/summary.h"

#include <map>
#include <vector>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

struct Row {
  std::string scope, type;
  Dim parameters;
};

// A param's scope is its path without the last name: "h.linear.weight" belongs to "h.linear".
std::string scope_of(const Graph& graph, NodeId id) {
  const Node& n = graph.node(id);
  if (n.op != Op::Param) return graph.scope_path(n.scope);
  const std::string& path = n.as<ParamAttrs>().path;
  size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::vector<Row> rows_of(const Graph& graph) {
  std::vector<Row> rows;
  std::map<std::string, size_t> index;
  std::vector<bool> live = live_nodes(graph);
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (!live[id]) continue;
    const Node& n = graph.node(id);
    std::string scope = scope_of(graph, id);
    auto [it, added] = index.try_emplace(scope, rows.size());
    if (added) rows.push_back({scope, "", Dim(0)});
    Row& row = rows[it->second];
    if (n.op != Op::Param)
      row.type = n.results[0].str();
    else if (n.as<ParamAttrs>().trainable)
      row.parameters = row.parameters + element_count(n.results[0].shape);
  }
  return rows;
}

}  // namespace

std::string summary_of(const Module& module) {
  std::string out = fmt::format("{}\n{:<32} {:<28} {:>14}\n", module.name, "layer", "output", "parameters");
  Dim total(0);
  for (const Row& row : rows_of(module.predict)) {
    if (row.scope.empty() && row.parameters.is(0)) continue;
    out += fmt::format("{:<32} {:<28} {:>14}\n", row.scope.empty() ? "(model)" : row.scope, row.type,
                       row.parameters.str());
    total = total + row.parameters;
  }
  return out + fmt::format("{:<32} {:<28} {:>14}\n", "total", "", total.str());
}

}  // namespace nnc::tool
