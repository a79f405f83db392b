// The table of passes and its runner.
#include "passes/pipeline.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "ir/graph_text.h"
#include "passes/scan_hoist.h"
#include "passes/simplify.h"
#include "passes/split_reductions.h"
#include "passes/strip.h"
#include "passes/training_step.h"
#include "passes/unwindow.h"

namespace nnc {
namespace {

using Context = PassContext;

constexpr Stage P = Stage::Primitives, F = Stage::Fused;
constexpr Pass kPasses[] = {
    {"simplify", [](const Graph& g, const Context&) { return simplify(g); }, P, P, false,
     "exact algebra, constants folded, dead code dropped"},
    {"scan_hoist", [](const Graph& g, const Context&) { return hoist_scans(g); }, P, P, false,
     "what does not depend on the carried state moves out of scans"},
    {"training_step",
     [](const Graph& g, const Context& c) {
       return c.loss ? training_step(g, *c.update, *c.loss) : training_step(g, *c.update);
     },
     P, P, true, "gradients of the loss and the optimizer's updates"},
    {"strip", [](const Graph& g, const Context&) { return strip_stop_gradients(g); }, P, P, false,
     "stop_gradient is its operand, once gradients are built"},
    {"simplify", [](const Graph& g, const Context&) { return simplify(g); }, P, P, false,
     "as before, on what differentiation built"},
    {"unwindow", [](const Graph& g, const Context&) { return gather_unwindows(g); }, P, P, false,
     "the adjoint of window as a gather: no temporary of the window's size"},
    {"simplify", [](const Graph& g, const Context&) { return simplify(g); }, P, P, false,
     "as before, on what the gather forms built"},
    {"split_reductions", [](const Graph& g, const Context&) { return split_reductions(g); }, P, P, false,
     "large sums of everything by rows, and then of the rows: as many tasks as rows"},
    {"fuse", [](const Graph& g, const Context& c) { return fuse(g, c.fusion, c.remarks); }, P, F, false,
     "regions, each computed by one kernel"},
};

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Pass& p : kPasses) {
    if (std::find(out.begin(), out.end(), p.name) == out.end()) out.emplace_back(p.name);
  }
  return out;
}

const Pass& find_pass(const std::string& name) {
  for (const Pass& p : kPasses) {
    if (p.name == name) return p;
  }
  std::vector<std::string> notes;
  if (auto close = suggest(name, names())) notes.push_back(fmt::format("did you mean '{}'?", *close));
  notes.push_back(fmt::format("the passes are {}", fmt::join(names(), ", ")));
  throw Error(fmt::format("there is no pass '{}'", name), notes);
}

// The rows to run, in order.
std::vector<const Pass*> chosen(const PipelineOptions& options) {
  for (const std::string& name : options.disabled) find_pass(name);
  std::vector<const Pass*> rows;
  if (options.only.empty()) {
    for (const Pass& p : kPasses) {
      if (!p.training || options.context.update) rows.push_back(&p);
    }
  }
  for (const std::string& name : options.only) rows.push_back(&find_pass(name));
  std::erase_if(rows, [&](const Pass* p) {
    return std::find(options.disabled.begin(), options.disabled.end(), p->name) != options.disabled.end();
  });
  return rows;
}

void check_order(const std::vector<const Pass*>& rows, const PipelineOptions& options) {
  Stage stage = Stage::Primitives;
  for (const Pass* p : rows) {
    if (p->needs != stage)
      throw Error(fmt::format("pass '{}' comes too late: its graph is fused already", p->name));
    if (p->training && !options.context.update) {
      throw Error(fmt::format("pass '{}' needs an optimizer: the graph is not one that is trained", p->name));
    }
    stage = p->gives;
  }
}

void verify_after(const Pass& pass, const Graph& graph) {
  std::string when = fmt::format("after {}", pass.name);
  check(graph, pass.gives, when);
  if (parse_graph(print(graph)).same_structure(graph)) return;
  throw Error(fmt::format("{}: the graph's text does not parse to the graph", when));
}

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

Graph run_pipeline(Graph graph, const PipelineOptions& options) {
  std::vector<const Pass*> rows = chosen(options);
  check_order(rows, options);
  for (const Pass* p : rows) {
    auto start = std::chrono::steady_clock::now();
    Graph next = p->run(graph, options.context);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (options.verify) verify_after(*p, next);
    if (options.after) options.after({*p, graph, next, took.count()});
    graph = std::move(next);
  }
  return graph;
}

}  // namespace nnc
