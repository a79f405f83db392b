// nnc eval: loss, metrics and confusion matrix of trained weights on the test set; without one on the validation
// set, and without that on the training set.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/nnc/data_part.h"
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
  for (const Measure* m : shown_confusions(measures)) {
    if (m->has_value) line["confusion_matrix"] = json_of(m->confusion);
    std::vector<std::string> names = class_names(*m, trainer);
    if (!names.empty() && !line.contains("classes")) line["classes"] = names;
  }
  line["kernels_compiled"] = trainer.engine().stats().kernels;
  line["kernels_cached"] = trainer.engine().stats().cached;
  fmt::print("{}\n", line.dump());
}

void print_text(const Trainer& trainer, const std::vector<Measure>& measures) {
  for (const Measure& m : measures) {
    if (m.has_value) fmt::print("  {:<16} {:.6g}\n", m.name, m.value);
  }
  std::vector<const Measure*> shown = shown_confusions(measures);
  for (const Measure* m : shown) {
    std::string heading = shown.size() > 1 ? m->name + "\n" : "";
    fmt::print("\n{}{}", heading, confusion_text(m->confusion, class_names(*m, trainer)));
  }
}

void run(const EvalOptions& o) {
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  load_trained(trainer, o.weights);
  load_data_into(trainer, o.model, o.run.data);
  DataPart part = find_part(trainer.data());
  std::vector<Measure> measures = trainer.evaluate(part.table);
  if (o.json) return print_json(trainer, measures, part.name, part.table.samples);
  fmt::print("{} samples of the {} set\n", part.table.samples, part.text);
  print_text(trainer, measures);
}

}  // namespace

void add_eval(CLI::App& app) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* command =
      add_command(app, group::kTraining, "eval", "Loss, metrics and confusion matrix of trained weights",
                  {{"nnc eval examples/digits.nn --weights digits.safetensors",
                    "on the test part, else the validation part"},
                   {"nnc eval examples/mnist_mlp.nn --weights mnist.safetensors --data mnist/ --json",
                    "on other data, as JSON"}});
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--weights", o->weights, "The weights, or a checkpoint")
      ->type_name("FILE.safetensors")
      ->required();
  command->add_flag("--json", o->json, "Print one JSON object");
  command->callback([o] { with_places(o->model, [&] { run(*o); }); });
}

}  // namespace nnc::tool
