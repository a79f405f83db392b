#include "tools/nnc/summary.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "passes/cost.h"

namespace nnc::tool {
namespace {

// A param's scope is its path without the last name: "h.linear.weight" belongs to "h.linear".
std::string scope_of(const Graph& graph, NodeId id) {
  const Node& n = graph.node(id);
  if (n.op != Op::Param) return graph.scope_path(n.scope);
  const std::string& path = n.as<ParamAttrs>().path;
  size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

class Summary {
 public:
  std::vector<LayerSummary> rows;

  // `times` is how often the graph runs per example: the body of a scan once a step.
  void add(const Graph& graph, const Dim& times) {
    std::vector<bool> live = live_nodes(graph);
    for (NodeId id = 0; id < graph.size(); ++id) {
      const Node& n = graph.node(id);
      if (!live[id] || n.op == Op::Input || n.op == Op::Constant || n.op == Op::Extent) continue;
      LayerSummary& row = row_of(scope_of(graph, id));
      if (n.op == Op::Param)
        add_param(row, n);
      else
        add_result(row, graph, n, times);
      if (n.op == Op::Scan) add(*n.as<ScanAttrs>().body.graph, times * n.as<ScanAttrs>().length);
    }
  }

 private:
  LayerSummary& row_of(const std::string& scope) {
    std::string name = scope.empty() ? "(model)" : scope;
    auto [it, added] = index_.try_emplace(name, rows.size());
    if (added) rows.push_back({name, "", 0, 0, 0, 0});
    return rows[it->second];
  }

  static void add_param(LayerSummary& row, const Node& n) {
    Dim& count = n.as<ParamAttrs>().trainable ? row.parameters : row.state;
    count = count + element_count(n.results[0].shape);
  }

  static void add_result(LayerSummary& row, const Graph& graph, const Node& n, const Dim& times) {
    row.output = n.results[0].str();
    row.bytes = element_count(n.results[0].shape) * Dim(size_of(n.results[0].dtype)) * times;
    if (n.op != Op::Scan) row.flops = row.flops + flops_of(graph, n) * times;  // a scan's are its body's
  }

  std::map<std::string, size_t> index_;
};

std::map<std::string, Dim> one_example(const Graph& graph) {
  for (NodeId id : graph.inputs()) {
    const Shape& shape = graph.node(id).results[0].shape;
    if (shape.empty() || shape[0].is_constant()) continue;
    std::set<std::string> names;
    shape[0].collect_symbols(names);
    return {{*names.begin(), Dim(1)}};
  }
  return {};
}

std::string short_bytes(const Dim& bytes) {
  if (!bytes.is_constant()) return bytes.str();
  auto value = static_cast<double>(bytes.value());
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes.value()) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace

std::string short_count(const Dim& count) {
  if (!count.is_constant()) return count.str();
  auto value = static_cast<double>(count.value());
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T", " P"};
  int unit = 0;
  while (value >= 1000 && unit < 5) value /= 1000, ++unit;
  return unit == 0 ? count.str() : fmt::format("{:.2f}{}", value, kUnits[unit]);
}

std::vector<LayerSummary> summarize(const Module& module) {
  Summary summary;
  summary.add(module.predict, 1);
  std::map<std::string, Dim> one = one_example(module.predict);
  for (LayerSummary& row : summary.rows) {
    row.bytes = row.bytes.substitute(one);
    row.flops = row.flops.substitute(one);
  }
  return summary.rows;
}

SummaryTable summary_table(const Module& module) {
  SummaryTable out{{{"layer", "output", "parameters", "memory", "FLOP"}}, ""};
  Dim parameters, state, bytes, flops;
  for (const LayerSummary& row : summarize(module)) {
    out.rows.push_back(
        {row.layer, row.output, row.parameters.str(), short_bytes(row.bytes), short_count(row.flops)});
    parameters = parameters + row.parameters;
    state = state + row.state;
    bytes = bytes + row.bytes;
    flops = flops + row.flops;
  }
  out.rows.push_back({"total", "", parameters.str(), short_bytes(bytes), short_count(flops)});
  if (!state.is(0)) out.notes = fmt::format("and {} numbers of state that are not trained\n", state.str());
  out.notes += "memory of each layer's output and FLOP are of one example, forward\n";
  return out;
}

std::string summary_of(const Module& module) {
  SummaryTable table = summary_table(module);
  size_t layer = 0, output = 0;
  for (const auto& row : table.rows) {
    layer = std::max(layer, row[0].size());
    output = std::max(output, row[1].size());
  }
  std::string out = module.name + "\n";
  for (const auto& row : table.rows) {
    out += fmt::format("{:<{}}  {:<{}}  {:>11}  {:>10}  {:>9}\n", row[0], layer, row[1], output, row[2],
                       row[3], row[4]);
  }
  return out + table.notes;
}

}  // namespace nnc::tool
