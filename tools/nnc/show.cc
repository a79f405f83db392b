// nnc show: what a model becomes at every stage, as text.
#include <functional>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "codegen/compile_program.h"
#include "ir/ast_printer.h"
#include "ir/error.h"
#include "ir/graph_text.h"
#include "ir/parser.h"
#include "passes/pipeline.h"
#include "passes/training_step.h"
#include "runtime/file.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/picture.h"
#include "tools/nnc/remarks.h"
#include "tools/nnc/summary.h"

namespace nnc::tool {
namespace {

struct ShowOptions {
  ModelOptions model;
  RemarkOptions remarks;
  std::string emit = "graph", target = "host", mode = "fused";
  std::vector<std::string> dims;
  std::optional<int64_t> batch;
  bool summary = false;
};

const Graph& shown_graph(const Module& m) { return m.spec ? m.train : m.predict; }

PassContext context_of(const Module& m, const ShowOptions& o) {
  PassContext context;
  context.fusion = o.mode == "unfused" ? FusionMode::Unfused : FusionMode::Fused;
  if (!m.spec) return context;
  context.update = m.spec->update;
  context.loss = loss_place(*m.spec);
  return context;
}

// What runs, after the passes: the training step where the file trains, else prediction.
Graph passed(const Module& m, const ShowOptions& o, std::vector<std::string> disabled) {
  PipelineOptions options;
  options.context = context_of(m, o);
  options.disabled = std::move(disabled);
  return run_pipeline(shown_graph(m), options);
}

Graph fused_of(const Module& m, const ShowOptions& o) { return passed(m, o, {}); }

// The batch from the file or --batch; other symbols from --dim NAME=SIZE.
Bindings sizes_for(const Graph& graph, const Module& m, const ShowOptions& o) {
  Bindings sizes;
  for (const std::string& d : o.dims) {
    size_t equals = d.find('=');
    int64_t size = equals == std::string::npos ? -1 : std::atoll(d.c_str() + equals + 1);
    if (size < 0) throw Error(fmt::format("--dim wants NAME=SIZE, not '{}'", d));
    sizes[d.substr(0, equals)] = size;
  }
  int64_t batch = o.batch.value_or(m.spec && m.spec->batch > 0 ? m.spec->batch : 64);
  for (const std::string& symbol : graph.symbols()) {
    if (symbol == "B") sizes.try_emplace(symbol, batch);
    if (!sizes.count(symbol)) {
      throw Error(fmt::format("the size of dimension '{}' is not known", symbol),
                  {fmt::format("give --dim {}=SIZE", symbol)});
    }
  }
  return sizes;
}

CompileOptions compile_options(const Graph& graph, const Module& m, const ShowOptions& o) {
  return {.target = Target::named(o.target), .max_dims = sizes_for(graph, m, o), .expected = {}};
}

// Each distinct kernel once.
std::string kernels_text(const Module& m, const ShowOptions& o,
                         const std::function<std::string(const loop::Kernel&)>& text) {
  Graph fused = fused_of(m, o);
  std::set<std::string> seen;
  std::string out;
  for (const loop::Kernel& k : lower_all(fused, compile_options(fused, m, o))) {
    if (seen.insert(loop::print(k, false)).second) out += text(k) + "\n";
  }
  return out;
}

struct Emission {
  const char* name;
  std::function<std::string(const Module&, const ShowOptions&)> text;
};

const std::vector<Emission>& emissions() {
  static const std::vector<Emission> rows = {
      {"graph", [](const Module& m, const ShowOptions&) { return print(shown_graph(m)); }},
      {"step", [](const Module& m, const ShowOptions& o) { return print(passed(m, o, {"fuse"})); }},
      {"fused", [](const Module& m, const ShowOptions& o) { return print(fused_of(m, o)); }},
      {"loops",
       [](const Module& m, const ShowOptions& o) {
         return kernels_text(m, o, [](const loop::Kernel& k) { return loop::print(k); });
       }},
      {"llvm",
       [](const Module& m, const ShowOptions& o) {
         Target target = Target::named(o.target);
         return kernels_text(m, o, [&](const loop::Kernel& k) { return llvm_text(k, target); });
       }},
      {"asm",
       [](const Module& m, const ShowOptions& o) {
         Target target = Target::named(o.target);
         return kernels_text(m, o, [&](const loop::Kernel& k) { return assembly_text(k, target); });
       }},
      {"memory",
       [](const Module& m, const ShowOptions& o) {
         Graph fused = fused_of(m, o);
         return print_memory(plan_program(fused, compile_options(fused, m, o)));
       }},
      {"dot", [](const Module& m, const ShowOptions&) { return dot_of(layer_tree(shown_graph(m)), m.name); }},
      {"svg", [](const Module& m, const ShowOptions&) { return svg_of(layer_tree(shown_graph(m))); }},
      {"html", [](const Module& m, const ShowOptions&) { return html_of(shown_graph(m), m.name); }},
  };
  return rows;
}

void show_ast(const ModelOptions& options) {
  Diagnostics diagnostics(options.file, read_file(options.file));
  ast::File file = parse(diagnostics);
  print_diagnostics(diagnostics, options.message_format);
  if (diagnostics.has_errors()) throw Reported{};
  fmt::print("{}", print(file));
}

void run(const ShowOptions& o) {
  if (o.emit == "ast" && !o.summary && !o.remarks.wanted()) return show_ast(o.model);
  Module module = load_module(o.model);
  remark_on(shown_graph(module), context_of(module, o), o.remarks, o.model);
  if (o.emit == "ast" && !o.summary) return show_ast(o.model);
  if (o.summary) {
    fmt::print("{}", summary_of(module));
    return;
  }
  for (const Emission& e : emissions()) {
    if (o.emit == e.name) fmt::print("{}", e.text(module, o));
  }
}

}  // namespace

void add_show(CLI::App& app) {
  auto o = std::make_shared<ShowOptions>();
  CLI::App* command =
      add_command(app, group::kModels, "show", "Print or draw what a model becomes at each stage",
                  {{"nnc show examples/mnist_mlp.nn --summary", "layers, shapes, parameters, memory, FLOP"},
                   {"nnc show examples/mnist_mlp.nn --emit html > mnist.html",
                    "a picture whose layers unfold to primitives"},
                   {"nnc show examples/mnist_mlp.nn --emit fused", "the training step, fused into kernels"},
                   {"nnc show examples/mnist_mlp.nn --emit fused --remarks fuse",
                    "and why neighbouring kernels are not one"},
                   {"nnc show examples/mnist_mlp.nn --emit asm --target avx2", "the machine code"}});
  o->model.add_to(*command);
  std::vector<std::string> names = {"ast"};
  for (const Emission& e : emissions()) names.push_back(e.name);
  command->add_option("--emit", o->emit, "The stage to print")->check(one_of(names))->capture_default_str();
  command->add_option("--mode", o->mode, "What is a kernel: a group of primitives, or each")
      ->check(one_of({"fused", "unfused"}))
      ->capture_default_str();
  command->add_option("--target", o->target, "Machine to compile for")
      ->type_name("{host,avx2,avx512}")
      ->capture_default_str();
  command->add_option("--batch", o->batch, "The batch size to plan memory and tiles for");
  command->add_option("--dim", o->dims, "The size of a symbolic dimension (may be repeated)")
      ->type_name("NAME=SIZE");
  o->remarks.add_to(*command);
  command->add_flag("--summary", o->summary, "A table of layers, shapes and parameters instead");
  command->callback([o] { with_places(o->model, [&] { run(*o); }); });
}

}  // namespace nnc::tool
