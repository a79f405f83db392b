// nnc sweep: trains every combination of settings, on several folds and from several seeds where asked, and ranks them.
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "runtime/checkpoints.h"
#include "tools/nnc/interrupt.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/sweep_runs.h"

namespace nnc::tool {
namespace {

struct Options {
  SweepOptions sweep;
  std::vector<std::string> grid;
  std::string output;
  bool json = false;
};

// What is swept over must be something, and said once.
void check_axes(const Options& o, const std::vector<GridAxis>& axes) {
  if (axes.empty() && o.sweep.folds == 0 && o.sweep.seeds == 1)
    throw Error("there is nothing to sweep over",
                {"give a grid, as in --grid train.lr=1e-2,1e-3, or --folds 5, or --seeds 3"});
  for (const GridAxis& axis : axes) {
    for (const std::string& setting : o.sweep.model.settings) {
      if (setting.starts_with(axis.name + "="))
        throw Error(fmt::format("{} is both set and swept over", axis.name),
                    {"leave out its --set, or its --grid"});
    }
    if (axis.name == "train.split.fold" && o.sweep.folds > 0)
      throw Error("--folds takes every fold already", {"leave out --grid train.split.fold"});
  }
}

void report(const Options& o, const Sweep& sweep) {
  auto text = o.json ? sweep_json : sweep_table;
  fmt::print("{}", text(sweep.axes(), sweep.metric(), sweep.rows()));
  std::fflush(stdout);
}

void save_best(const Options& o, const Sweep& sweep) {
  if (o.output.empty()) return;
  const Trainer* best = sweep.best();
  if (best == nullptr)
    return static_cast<void>(fmt::print(stderr, "no combination is done, so no weights are written\n"));
  best->save_weights(o.output);
  if (!o.json) fmt::print("weights of the best run of the best row written to {}\n", o.output);
}

void run(Options& o) {
  std::vector<GridAxis> axes = parse_grid(o.grid);
  check_axes(o, axes);
  check_writable(o.output);
  std::optional<FileLock> lock;
  if (!o.output.empty()) lock.emplace(o.output);
  o.sweep.keep_best = !o.output.empty();
  Sweep sweep(o.sweep, std::move(axes));
  watch_for_interrupts();
  bool finished = sweep.run();
  report(o, sweep);
  save_best(o, sweep);
  if (!finished) throw Reported{kInterrupted};
  if (sweep.best_row() == nullptr) throw Error("every combination failed");
}

}  // namespace

void add_sweep(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, group::kTraining, "sweep", "Train every combination of settings, and rank them",
                  {{"nnc sweep examples/digits.nn --grid train.lr=1e-2,1e-3 --grid model.hidden1=32,64",
                    "four runs, the best first"},
                   {"nnc sweep examples/iris.nn --folds 5 --seeds 3 --metric test_accuracy",
                    "cross-validation: the mean of fifteen runs and their deviation"},
                   {"nnc sweep examples/digits.nn --grid train.optimizer=adam,sgd -o best.safetensors --json",
                    "keep the weights of the best; an object per combination"}});
  SweepOptions& s = o->sweep;
  s.model.add_to(*command);
  s.run.add_to(*command);
  command->add_option("--grid", o->grid, "Values of a setting, separated by commas (may be repeated)")
      ->type_name("NAME=VALUE,...");
  command->add_option("--folds", s.folds, "Train once per fold, testing on it")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 31));
  command->add_option("--seeds", s.seeds, "Train from so many seeds, counted from the file's or --seed")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  command
      ->add_option(
          "--metric", s.metric,
          "What ranks the rows: loss, val_loss, test_accuracy...; without it the loss on the validation "
          "part, else on the test part, else on the training part")
      ->type_name("NAME");
  command
      ->add_option("--jobs", s.jobs,
                   "Runs at a time; 0 takes every processor, and --threads is divided among them")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--epochs", s.epochs, "Passes over the data, instead of the file's")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40));
  command->add_option("--seed", s.run.seed, "The first seed");
  command->add_option("-o,--output", o->output, "Write the weights of the best run of the best row here")
      ->type_name("FILE.safetensors");
  command->add_flag("--json", o->json, "Print one JSON object per combination");
  command->callback([o] { with_places(o->sweep.model, [&] { run(*o); }); });
}

}  // namespace nnc::tool
