// nnc train: fit a model to its data, report every epoch, write the weights.
#include <cmath>
#include <filesystem>
#include <memory>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/progress.h"

namespace nnc::tool {
namespace {

struct TrainOptions {
  ModelOptions model;
  RunOptions run;
  std::optional<int64_t> epochs;
  std::string weights, output;
  bool json = false;
};

// A long run must not fail at its end for a folder that was never there.
void check_writable(const std::string& output) {
  if (output.empty()) return;
  std::filesystem::path folder = std::filesystem::path(output).parent_path();
  if (folder.empty()) folder = ".";
  if (access(folder.c_str(), W_OK) != 0) {
    throw Error(fmt::format("cannot write {}: the folder {} does not exist or is not writable", output,
                            folder.string()));
  }
}

void print_json(const EpochReport& r, const CompileStats& stats) {
  nlohmann::ordered_json line{{"epoch", r.epoch}};
  for (const Measure& m : r.train) line[m.name] = m.value;
  for (const Measure& m : r.test) line["test_" + m.name] = m.value;
  line["seconds"] = r.seconds;
  line["ms_per_step"] = r.ms_per_step;
  line["steps"] = r.steps;
  line["kernels_compiled"] = stats.kernels;
  line["kernels_cached"] = stats.cached;
  line["compile_ms"] = stats.seconds * 1e3;
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

void print_text(const EpochReport& r, int64_t epochs) {
  std::string line = fmt::format("epoch {:>{}}/{}", r.epoch, std::to_string(epochs).size(), epochs);
  for (const Measure& m : r.train) line += fmt::format("  {} {:.6g}", m.name, m.value);
  for (const Measure& m : r.test) line += fmt::format("  test_{} {:.6g}", m.name, m.value);
  fmt::print("{}  {:.2f} s  {:.3f} ms/step\n", line, r.seconds, r.ms_per_step);
  std::fflush(stdout);
}

void stop_on_bad_loss(const EpochReport& r) {
  if (std::isfinite(r.train[0].value)) return;
  throw Error(fmt::format("the loss is {} in epoch {}; the weights of the last finite step are kept",
                          r.train[0].value, r.epoch),
              {"a smaller learning rate often helps: --set train.lr=..."});
}

void run(const TrainOptions& o) {
  check_writable(o.output);
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  load_data_into(trainer, o.model, o.run.data);
  trainer.initialize();
  if (!o.weights.empty()) trainer.load_weights(o.weights);
  int64_t epochs = o.epochs.value_or(trainer.module().spec->epochs);
  ProgressLine progress(epochs);
  for (int64_t e = 1; e <= epochs; ++e) {
    progress.begin(e);
    EpochReport r = trainer.train_epoch(
        [&](int64_t step, int64_t steps, double loss) { progress.update(step, steps, loss); });
    progress.clear();
    // One-step epochs by the thousand are reported at their ends.
    bool quiet = r.steps == 1 && epochs > 100 && e % (epochs / 20) != 0 && e != 1;
    if (o.json)
      print_json(r, trainer.engine().stats());
    else if (!quiet)
      print_text(r, epochs);
    stop_on_bad_loss(r);
  }
  if (o.output.empty()) return;
  trainer.save_weights(o.output);
  if (!o.json) fmt::print("weights written to {}\n", o.output);
}

}  // namespace

void add_train(CLI::App& app) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "Train a model");
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--epochs", o->epochs, "Passes over the data")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40));
  command->add_option("--seed", o->run.seed, "Seed of the initial weights, the shuffling and dropout");
  command->add_option("--weights", o->weights, "Start from these weights (.safetensors)");
  command->add_option("-o,--output", o->output, "Write the trained weights here (.safetensors)");
  command->add_flag("--json", o->json, "Print one JSON object per epoch");
  command->footer("Example: nnc train examples/mnist_mlp.nn --data mnist/ --epochs 5 -o mnist.safetensors");
  command->callback([o] { run(*o); });
}

}  // namespace nnc::tool
