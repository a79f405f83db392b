// elaborate(): which model a file means, and its graphs, one walk per mode.
#include "ir/module.h"

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

struct Chosen {
  Declarations declarations;
  const ast::Model* model = nullptr;
  const ast::Train* train = nullptr;
};

template <class T>
void declare(std::map<std::string, const T*>& into, const T& item, const char* what, Diagnostics& diag) {
  auto [first, fresh] = into.emplace(item.name.text, &item);
  if (fresh) return;
  diag.error("duplicate", item.name.loc, fmt::format("there are two {}s '{}'", what, item.name.text))
      .note(first->second->name.loc, "the first");
}

void collect(const ast::File& file, Chosen& chosen, Diagnostics& diag) {
  for (const ast::Item& item : file.items) {
    if (auto* m = std::get_if<ast::Model>(&item)) declare(chosen.declarations.models, *m, "model", diag);
    if (auto* b = std::get_if<ast::Block>(&item)) {
      declare(chosen.declarations.blocks, *b, "block", diag);
      if (find_layer(b->name.text)) {
        diag.error("duplicate", b->name.loc, fmt::format("'{}' is a layer already", b->name.text));
      }
    }
    if (auto* t = std::get_if<ast::Train>(&item)) {
      if (chosen.train) {
        diag.error("duplicate", t->model.loc, "there are two train blocks")
            .note(chosen.train->model.loc, "the first");
      } else {
        chosen.train = t;
      }
    }
  }
}

void report_no_model(const ast::File& file, Diagnostics& diag) {
  for (const ast::Item& item : file.items) {
    const auto* graph = std::get_if<ast::Graph>(&item);
    if (graph == nullptr) continue;
    diag.error("no-model", graph->name.loc, "the file has graphs and no model")
        .with_help("nnc opt verifies graphs and runs passes on them; whatever else is done takes a model");
    return;
  }
  diag.error("no-model", {}, "the file has no model")
      .with_help("a model is written as model NAME { input …  output … }; nnc new DATA writes one");
}

Chosen choose(const ast::File& file, Diagnostics& diag) {
  Chosen chosen;
  collect(file, chosen, diag);
  const auto& models = chosen.declarations.models;
  if (models.empty()) {
    if (!diag.has_errors()) report_no_model(file, diag);
  } else if (chosen.train && !models.count(chosen.train->model.text)) {
    std::vector<std::string> names;
    for (const auto& [name, model] : models) names.push_back(name);
    const ast::Name& wanted = chosen.train->model;
    diag.error("unknown-name", wanted.loc, fmt::format("there is no model '{}'", wanted.text))
        .suggest(wanted.text, names);
    if (models.size() == 1) chosen.model = models.begin()->second;
  } else if (chosen.train) {
    chosen.model = models.at(chosen.train->model.text);
  } else if (models.size() == 1) {
    chosen.model = models.begin()->second;
  } else {
    diag.error("no-model", models.begin()->second->name.loc,
               fmt::format("the file has {} models, and no train block says which is meant", models.size()));
  }
  return chosen;
}

Graph initial_graph(const Net& net, Diagnostics& diag) {
  Graph graph("init");
  Builder b(graph);
  Value seed = b.input("seed", {DType::I64, {}});
  for (const ParamDecl& p : net.declared()) {
    if (!p.init) continue;
    b.set_loc(p.loc);
    b.set_scope(graph.scope(0, p.path));
    try {
      graph.add_output({p.path, initial_value(b, *p.init, p.type, p.path, seed), true});
    } catch (const Error& e) {
      diag.error("initialiser", p.loc, e);
    }
  }
  return graph;
}

// Every error shows in training mode; the other walks follow a sound model.
bool build_train(const Chosen& chosen, Settings& settings, Diagnostics& diag, Module& module,
                 std::optional<TrainPlan>& plan, const DataCheck& check_data) {
  Elaborator e(chosen.declarations, settings, diag, Mode::Train);
  e.bind_formals(*chosen.model);
  if (chosen.train) plan = e.read_train(*chosen.train);
  if (plan && plan->spec.data && check_data) check_data(*plan->spec.data);
  e.run_model(*chosen.model);
  if (plan) e.run_train(*plan);
  e.add_model_outputs();
  module.name = chosen.model->name.text;
  module.inputs = e.inputs();
  module.outputs = e.outputs();
  module.init = initial_graph(e.net(), diag);
  if (plan) module.spec = plan->spec;
  if (plan) module.train = e.net().take_graph();
  return !diag.has_errors();
}

Graph build_eval(const Chosen& chosen, Settings& settings, Diagnostics& diag, TrainPlan* plan) {
  Elaborator e(chosen.declarations, settings, diag, Mode::Eval);
  e.bind_formals(*chosen.model);
  e.run_model(*chosen.model);
  if (plan) e.run_train(*plan);
  e.add_model_outputs();
  Graph graph = e.net().take_graph();
  graph.set_name(plan ? "eval" : "predict");
  return graph;
}

}  // namespace

std::optional<Module> elaborate(const ast::File& file, Diagnostics& diagnostics, const Overrides& overrides,
                                const DataCheck& check_data) {
  Settings settings(overrides, diagnostics);
  Chosen chosen = choose(file, diagnostics);
  if (chosen.model == nullptr) return std::nullopt;
  Module module;
  std::optional<TrainPlan> plan;
  try {
    bool sound = build_train(chosen, settings, diagnostics, module, plan, check_data);
    settings.report_unknown();
    if (!sound || diagnostics.has_errors()) return std::nullopt;
    if (plan) module.eval = build_eval(chosen, settings, diagnostics, &*plan);
    module.predict = build_eval(chosen, settings, diagnostics, nullptr);
  } catch (const Abandon&) {
    return std::nullopt;
  }
  if (diagnostics.has_errors()) return std::nullopt;
  return module;
}

}  // namespace nnc
