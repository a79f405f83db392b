// nnc train: fit a model to its data, report every epoch, write the weights.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/checkpoints.h"
#include "runtime/file.h"
#include "tools/nnc/epoch_output.h"
#include "tools/nnc/epoch_phases.h"
#include "tools/nnc/interrupt.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/progress.h"
#include "tools/nnc/remarks.h"

namespace nnc::tool {
namespace {

struct TrainOptions {
  ModelOptions model;
  RunOptions run;
  RemarkOptions remarks;
  std::optional<int64_t> epochs;
  std::string weights, output, resume, checkpoint, checkpoint_every = "1epoch", check;
  int64_t checkpoint_keep = 3;
  EpochOutputOptions epoch;
};

// With the line of the model's text, where it has one.
std::string origin_text(const NonFinite& origin, const std::string& file) {
  if (origin.loc.line == 0) return origin.str();
  std::istringstream text(read_file(file));
  std::string line;
  for (uint32_t i = 0; i < origin.loc.line; ++i) std::getline(text, line);
  return fmt::format("{}:{}:{}: {}\n  {} | {}", file, origin.loc.line, origin.loc.column, origin.str(),
                     origin.loc.line, line);
}

// What training found unsound ends the run; the weights from before that are kept.
[[noreturn]] void stop_not_finite(const NotFinite& e, const Trainer& trainer, const TrainOptions& o) {
  std::vector<std::string> notes = e.notes();
  if (e.origin()) notes = {origin_text(*e.origin(), o.model.file)};
  std::string outcome = "weights are written to no file without -o";
  if (!o.output.empty()) {
    trainer.save_weights(o.output);
    outcome = fmt::format("the weights {} are written to {}", e.weights(), o.output);
  }
  throw Error(fmt::format("{}; {}", e.what(), outcome), std::move(notes));
}

// A run goes on writing where it is resumed from, unless told otherwise.
std::unique_ptr<Checkpoints> open_checkpoints(const TrainOptions& o) {
  CheckpointOptions options{o.checkpoint, checkpoint_interval(o.checkpoint_every), o.checkpoint_keep};
  if (options.path.empty()) options.path = o.resume;
  if (options.path.empty()) return nullptr;
  return std::make_unique<Checkpoints>(std::move(options), o.resume);
}

// Weights belong to the names and columns they were trained with.
void load_data(Trainer& trainer, const TrainOptions& o) {
  if (!o.weights.empty()) trainer.load_learnt(o.weights);
  if (!o.resume.empty()) trainer.load_learnt(newest_checkpoint(o.resume));
  load_data_into(trainer, o.model, o.run.data);
}

void start(Trainer& trainer, Checkpoints* checkpoints, const TrainOptions& o, int64_t epochs) {
  bool loads = !o.weights.empty() || !o.resume.empty();
  loads ? trainer.clear() : trainer.initialize();
  if (!o.weights.empty()) trainer.load_weights(o.weights);
  if (o.resume.empty()) return;
  checkpoints->restore(trainer, o.resume);
  if (trainer.position().epoch > epochs) {
    throw Error(fmt::format("{} stands in epoch {}, past the {} to train", o.resume, trainer.position().epoch,
                            epochs),
                {"give a larger --epochs"});
  }
}

// Saves where the run stands and says how to go on.
[[noreturn]] void stop_interrupted(const Trainer& trainer, Checkpoints* checkpoints, const TrainOptions& o,
                                   const CLI::App& command) {
  std::unique_ptr<Checkpoints> here;
  if (checkpoints == nullptr) {
    here = std::make_unique<Checkpoints>(
        CheckpointOptions{.path = free_checkpoint_name(o.model.file, o.output)});
    checkpoints = here.get();
  }
  checkpoints->save(trainer);
  fmt::print(stderr, "stopped in epoch {} after {} steps; go on with\n  {}\n", trainer.position().epoch,
             trainer.position().total_steps, resume_command(command, checkpoints->path()));
  throw Reported{kInterrupted};
}

// The number of the last epoch there may be: a rule that counts steps tells it too.
int64_t last_epoch(const Trainer& trainer, int64_t epochs) {
  int64_t steps = trainer.steps_per_epoch();
  for (const CallSpec& rule : trainer.module().spec->stops) {
    if (rule.name == "steps") epochs = std::min(epochs, (rule.integer("count") + steps - 1) / steps);
  }
  return epochs;
}

EpochReport train_epoch(Trainer& trainer, Checkpoints* checkpoints, ProgressLine& progress,
                        PhaseClock& clock) {
  EpochPhases phases(clock, trainer.engine());
  return trainer.train_epoch([&](int64_t step, int64_t steps, double loss) {
    progress.update(trainer, step, steps, loss);
    if (checkpoints) {
      InPhase writing(clock, Phase::Writing);
      checkpoints->after_step(trainer);
    }
    phases.after_step(step, steps);
    return !interrupted();
  });
}

// False when the user stopped it.
bool train_until(Trainer& trainer, Checkpoints* checkpoints, int64_t epochs, EpochOutput& output,
                 PhaseClock& clock) {
  ProgressLine progress(last_epoch(trainer, epochs));
  while ((trainer.position().open || trainer.position().epoch < epochs) && trainer.stop_reason().empty()) {
    progress.begin(trainer.position().epoch + !trainer.position().open);
    EpochReport r = train_epoch(trainer, checkpoints, progress, clock);
    progress.clear();
    if (!r.complete) return false;
    output.add(r);
    InPhase writing(clock, Phase::Writing);
    if (checkpoints && !r.cut) checkpoints->after_epoch(trainer, r);
  }
  return true;
}

// Why the run is over, for the report, and what its weights are: its last ones, or those of the best epoch.
std::string conclude(Trainer& trainer, const TrainOptions& o) {
  std::string reason = trainer.stop_reason();
  int64_t best = trainer.restore_best();
  if (!o.epoch.json && !reason.empty())
    fmt::print("stopped in epoch {}: {}\n", trainer.position().epoch, reason);
  if (!o.epoch.json && best > 0) fmt::print("the weights of epoch {}, the best, are restored\n", best);
  return reason.empty() ? "finished" : "stopped: " + reason;
}

// Trains and writes what is to be kept, or stops where the user said so.
void train(Trainer& trainer, Checkpoints* checkpoints, const TrainOptions& o, const CLI::App& command,
           int64_t epochs, EpochOutput& output, PhaseClock& clock) {
  try {
    if (!train_until(trainer, checkpoints, epochs, output, clock)) {
      output.finish("interrupted");
      stop_interrupted(trainer, checkpoints, o, command);
    }
    trainer.require_sound();
  } catch (const NotFinite& e) {
    stop_not_finite(e, trainer, o);
  }
  InPhase writing(clock, Phase::Writing);
  if (checkpoints) checkpoints->save(trainer);
  std::string status = conclude(trainer, o);
  if (!o.output.empty()) trainer.save_weights(o.output);
  output.finish(status);
}

// Each can be written, and no two are one file.
void check_outputs(const TrainOptions& o) {
  for (const std::string& file : {o.output, o.epoch.csv, o.epoch.report}) check_writable(file);
  std::map<std::filesystem::path, const char*> named;
  const std::pair<const char*, const std::string&> options[] = {
      {"-o", o.output}, {"--checkpoint", o.checkpoint}, {"--csv", o.epoch.csv}, {"--report", o.epoch.report}};
  for (const auto& [option, file] : options) {
    if (file.empty()) continue;
    std::error_code ignored;
    auto [other, added] = named.emplace(
        std::filesystem::weakly_canonical(std::filesystem::absolute(file, ignored), ignored), option);
    if (added) continue;
    throw Error(fmt::format("{} and {} both name {}", other->second, option, file),
                {"give each a file of its own"});
  }
}

void run(const TrainOptions& o, const CLI::App& command) {
  PhaseClock clock;
  check_outputs(o);
  std::optional<FileLock> lock;
  if (!o.output.empty()) lock.emplace(o.output);
  std::unique_ptr<Checkpoints> checkpoints = open_checkpoints(o);
  TrainerOptions options = o.run.trainer_options();
  options.check_finite = o.check == "nan";
  Trainer trainer(load_module(o.model), options);
  bool fused = options.engine.mode == ExecutionMode::Fused;
  remark_on(trainer.step_graph(), {.update = {}, .fusion = fused ? FusionMode::Fused : FusionMode::Unfused},
            o.remarks, o.model);
  clock.enter(Phase::Data);
  load_data(trainer, o);
  clock.enter(Phase::Other);
  int64_t epochs = o.epochs.value_or(trainer.module().spec->epochs);
  start(trainer, checkpoints.get(), o, epochs);
  EpochOutput output(o.epoch, last_epoch(trainer, epochs), trainer, given_command(command), clock);
  watch_for_interrupts();
  try {
    train(trainer, checkpoints.get(), o, command, epochs, output, clock);
  } catch (const Error& e) {
    output.fail(e.what());
    throw;
  }
  if (!o.output.empty() && !o.epoch.json) fmt::print("weights written to {}\n", o.output);
}

}  // namespace

void add_train(CLI::App& app) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* command = add_command(
      app, group::kTraining, "train", "Fit a model to its data, report every epoch, write the weights",
      {{"nnc train examples/digits.nn -o digits.safetensors", "train as the file says, and keep the weights"},
       {"nnc train examples/digits.nn --epochs 2 --set train.lr=3e-3", "with other settings"},
       {"nnc train examples/mnist_mlp.nn --data mnist/ --checkpoint run --checkpoint-every 5min",
        "other data; checkpoints in the folder run"},
       {"nnc train examples/mnist_mlp.nn --data mnist/ --resume run", "go on from the newest of them"}});
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--epochs", o->epochs, "Passes over the data, instead of the file's")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40));
  command->add_option("--seed", o->run.seed, "Seed of the initial weights, the shuffling and dropout");
  CLI::Option* weights =
      command->add_option("--weights", o->weights, "Start from these weights")->type_name("FILE.safetensors");
  command->add_option("-o,--output", o->output, "Write the trained weights here")
      ->type_name("FILE.safetensors");
  command
      ->add_option("--checkpoint", o->checkpoint,
                   "Keep checkpoints in this folder, or in one file where it ends in .safetensors")
      ->type_name("PATH");
  command->add_option("--checkpoint-every", o->checkpoint_every, "How often: 100steps, 30s, 5min, 2h, 1epoch")
      ->type_name("INTERVAL")
      ->capture_default_str();
  command->add_option("--checkpoint-keep", o->checkpoint_keep, "How many of the newest a folder keeps")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->capture_default_str();
  command->add_option("--resume", o->resume, "Go on from this checkpoint, or from the newest of this folder")
      ->type_name("PATH")
      ->excludes(weights);
  command
      ->add_option(
          "--check", o->check,
          "nan: look at every number after each step, and say which op made the first NaN or infinity")
      ->check(one_of({"nan"}));
  o->remarks.add_to(*command);
  o->epoch.add_to(*command);
  command->callback([o, command] { with_places(o->model, [&] { run(*o, *command); }); });
}

}  // namespace nnc::tool
