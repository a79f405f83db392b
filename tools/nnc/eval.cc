// nnc eval: loss, metrics and confusion matrix of trained weights on the test set, or on the training set where there is
// none.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/nnc/measures_text.h"
#include "tools/nnc/model_file.h"

namespace nnc::tool {
namespace {

struct EvalOptions {
  ModelOptions model;
  RunOptions run;
  std::string weights;
  bool json = false;
};

void print_json(const Trainer& trainer, const std::vector<Measure>& measures, const char* part,
                int64_t samples) {
  nlohmann::ordered_json line{{"part", part}, {"samples", samples}};
  add_measures(line, measures);
  if (const Measure* m = find_confusion(measures)) {
    line["confusion_matrix"] = json_of(m->confusion);
    if (std::vector<std::string> names = class_names(*m, trainer); !names.empty()) line["classes"] = names;
  }
  line["kernels_compiled"] = trainer.engine().stats().kernels;
  line["kernels_cached"] = trainer.engine().stats().cached;
  fmt::print("{}\n", line.dump());
}

void print_text(const Trainer& trainer, const std::vector<Measure>& measures) {
  for (const Measure& m : measures) {
    if (m.has_value) fmt::print("  {:<16} {:.6g}\n", m.name, m.value);
  }
  if (const Measure* m = find_confusion(measures))
    fmt::print("\n{}", confusion_text(m->confusion, class_names(*m, trainer)));
}

void run(const EvalOptions& o) {
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  trainer.load_weights(o.weights);
  load_data_into(trainer, o.model, o.run.data);
  bool has_test = trainer.data().test.samples > 0;
  const BoundTable& table = has_test ? trainer.data().test : trainer.data().train;
  std::vector<Measure> measures = trainer.evaluate(table);
  if (o.json) return print_json(trainer, measures, has_test ? "test" : "train", table.samples);
  fmt::print("{} samples of the {} set\n", table.samples, has_test ? "test" : "training");
  print_text(trainer, measures);
}

}  // namespace

void add_eval(CLI::App& app) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Loss and metrics of trained weights");
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--weights", o->weights, "The weights (.safetensors)")->required();
  command->add_flag("--json", o->json, "Print one JSON object");
  command->callback([o] { run(*o); });
}

}  // namespace nnc::tool
