// nnc opt: run passes on a model's training graph, or on the graph blocks of a file, and print what comes out.
#include <algorithm>
#include <memory>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "ir/graph_text.h"
#include "ir/parser.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "passes/training_step.h"
#include "runtime/file.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/remarks.h"

namespace nnc::tool {
namespace {

struct OptOptions {
  ModelOptions model;
  RemarkOptions remarks;
  std::vector<std::string> passes, disabled, print_after;
  bool print_after_all = false, time_passes = false, unfused = false;
};

struct Subject {
  std::vector<Graph> graphs;
  std::optional<UpdateSpec> update = {};
  std::optional<Loc> loss = {};
};

// A file of graph blocks is taken as it is; a model file gives what it trains, or what it predicts.
Subject subject_of(const ModelOptions& options) {
  Diagnostics diagnostics(options.file, read_file(options.file));
  ast::File file = parse(diagnostics);
  bool has_graphs = std::any_of(file.items.begin(), file.items.end(),
                                [](const ast::Item& i) { return std::holds_alternative<ast::Graph>(i); });
  if (!diagnostics.has_errors() && has_graphs) {
    Subject out{parse_graphs(diagnostics)};
    for (const Graph& graph : out.graphs) {
      for (Diagnostic& d : verify(graph, Stage::Primitives)) diagnostics.add(std::move(d));
    }
    print_diagnostics(diagnostics, options.message_format);
    if (diagnostics.has_errors()) throw Reported{};
    return out;
  }
  Module m = load_module(options);
  if (!m.spec) return {{m.predict}};
  return {{m.train}, m.spec->update, loss_place(*m.spec)};
}

struct Timing {
  std::string name;
  double seconds;
  size_t before, after;
};

void print_times(const std::vector<Timing>& times) {
  fmt::print(stderr, "{:<24} {:>10} {:>8} {:>8}\n", "pass", "ms", "nodes", "after");
  for (const Timing& t : times)
    fmt::print(stderr, "{:<24} {:>10.3f} {:>8} {:>8}\n", t.name, t.seconds * 1e3, t.before, t.after);
}

bool fuses(const OptOptions& o) {
  auto names_fuse = [](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), "fuse") != list.end();
  };
  return !o.unfused && !names_fuse(o.disabled) && (o.passes.empty() || names_fuse(o.passes));
}

void run(const OptOptions& o) {
  if (o.remarks.wanted() && !fuses(o))
    throw Error("there is nothing to remark on: no kernels are fused", {"the pass that does so is 'fuse'"});
  Subject subject = subject_of(o.model);
  std::vector<Timing> times;
  PipelineOptions options;
  options.context.update = subject.update;
  options.context.loss = subject.loss;
  options.context.fusion = o.unfused ? FusionMode::Unfused : FusionMode::Fused;
  std::vector<Diagnostic> remarks;
  if (o.remarks.wanted()) options.context.remarks = &remarks;
  options.only = o.passes;
  options.disabled = o.disabled;
  options.verify = true;
  options.after = [&](const PassRun& r) {
    times.push_back({std::string(r.pass.name), r.seconds, r.before.size(), r.after.size()});
    bool wanted = std::find(o.print_after.begin(), o.print_after.end(), r.pass.name) != o.print_after.end();
    if (wanted || o.print_after_all) fmt::print("# after {}\n{}\n", r.pass.name, print(r.after));
  };
  for (const Graph& graph : subject.graphs) {
    Graph result = run_pipeline(graph, options);
    if (o.print_after.empty() && !o.print_after_all) fmt::print("{}", print(result));
  }
  if (o.remarks.wanted()) print_remarks(remarks, o.model);
  if (o.time_passes) print_times(times);
}

void list_passes() {
  for (const Pass& p : all_passes()) fmt::print("{:<24} {}\n", p.name, p.doc);
}

// "{simplify,fuse}": every pass once.
std::string pass_choices() {
  std::vector<std::string> names;
  for (const Pass& p : all_passes()) {
    if (std::find(names.begin(), names.end(), p.name) == names.end()) names.emplace_back(p.name);
  }
  return fmt::format("{{{}}}", fmt::join(names, ","));
}

}  // namespace

void add_opt(CLI::App& app) {
  auto o = std::make_shared<OptOptions>();
  CLI::App* command = add_command(
      app, group::kCompiler, "opt", "Run compiler passes and print the graph",
      {{"nnc opt --list-passes", "the passes in the order they run"},
       {"nnc opt examples/digits.nn --passes simplify", "one pass by itself"},
       {"nnc opt examples/digits.nn --disable fuse --time-passes", "all but one, and how long each took"}});
  o->model.add_to(*command);
  auto add_passes = [&](const char* name, std::vector<std::string>& passes, const char* doc) {
    command->add_option(name, passes, doc)->type_name(pass_choices())->delimiter(',');
  };
  add_passes("--passes", o->passes, "These passes, in this order, instead of the whole pipeline");
  add_passes("--disable", o->disabled, "Leave these passes out");
  add_passes("--print-after", o->print_after, "Print the graph after these passes");
  command->add_flag("--print-after-all", o->print_after_all, "Print the graph after every pass");
  command->add_flag("--time-passes", o->time_passes, "Print how long each pass took");
  o->remarks.add_to(*command);
  command->add_flag("--unfused", o->unfused, "One region per primitive");
  command->add_flag_callback(
      "--list-passes",
      [] {
        list_passes();
        throw CLI::Success();
      },
      "List the passes in the order they run");
  command->callback([o] { with_places(o->model, [&] { run(*o); }); });
}

}  // namespace nnc::tool
