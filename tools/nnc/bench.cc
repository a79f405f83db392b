// nnc bench: the training step interpreted, compiled kernel by kernel, and fused, side by side.
#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"
#include "passes/cost.h"
#include "passes/fuse.h"
#include "passes/pipeline.h"
#include "runtime/batches.h"
#include "tools/nnc/model_file.h"

namespace nnc::tool {
namespace {

struct BenchOptions {
  ModelOptions model;
  RunOptions run;
  std::vector<std::string> modes = {"interpreted", "unfused", "fused"};
  double seconds = 1;
  bool json = false;
};

struct Result {
  std::string mode;
  double median = 0, min = 0, max = 0;  // ms per step
  double gflops = 0, gbytes = 0;        // per second
  double compile_ms = 0;
  int threads = 1;
};

// Steps over the first batch until the time is up, at least three after one that warms up.
std::vector<double> time_steps(Trainer& trainer, double seconds) {
  int64_t samples = trainer.data().train.samples;
  int64_t batch = trainer.batch() == 0 ? samples : std::min(trainer.batch(), samples);
  std::vector<int64_t> rows(batch);
  std::iota(rows.begin(), rows.end(), 0);
  trainer.train_step(rows);
  std::vector<double> times;
  auto start = std::chrono::steady_clock::now(), now = start;
  while (times.size() < 3 || now - start < std::chrono::duration<double>(seconds)) {
    trainer.train_step(rows);
    auto after = std::chrono::steady_clock::now();
    times.push_back(std::chrono::duration<double, std::milli>(after - now).count());
    now = after;
  }
  std::sort(times.begin(), times.end());
  return times;
}

Cost step_cost(const Trainer& trainer, ExecutionMode mode) {
  PipelineOptions options;
  options.disabled = {"fuse"};
  Graph step = run_pipeline(trainer.step_graph(), options);
  if (mode == ExecutionMode::Interpreted) return cost_of(step);
  Cost cost = cost_of(fuse(step, mode == ExecutionMode::Fused ? FusionMode::Fused : FusionMode::Unfused));
  return {cost_of(step).flops, cost.bytes};
}

Result measure(const BenchOptions& o, const std::string& mode) {
  TrainerOptions options = o.run.trainer_options();
  options.engine.mode = execution_mode_from_name(mode);
  Trainer trainer(load_module(o.model), options);
  load_data_into(trainer, o.model, o.run.data);
  trainer.initialize();
  std::vector<double> times = time_steps(trainer, o.seconds);
  Result r{.mode = mode, .median = times[times.size() / 2], .min = times.front(), .max = times.back()};
  Cost cost = step_cost(trainer, options.engine.mode);
  const Bindings& sizes = trainer.step_sizes();
  r.gflops = static_cast<double>(cost.flops.evaluate(sizes)) / r.median * 1e-6;
  r.gbytes = static_cast<double>(cost.bytes.evaluate(sizes)) / r.median * 1e-6;
  r.compile_ms = trainer.engine().stats().seconds * 1e3;
  r.threads = options.engine.mode == ExecutionMode::Interpreted ? 1 : trainer.engine().threads();
  return r;
}

void print_json(const Result& r) {
  nlohmann::ordered_json line{{"mode", r.mode},
                              {"ms_per_step", r.median},
                              {"min", r.min},
                              {"max", r.max},
                              {"gflops", r.gflops},
                              {"gbytes_per_s", r.gbytes},
                              {"compile_ms", r.compile_ms},
                              {"threads", r.threads}};
  fmt::print("{}\n", line.dump());
}

void run(const BenchOptions& o) {
  std::vector<Result> results;
  for (const std::string& mode : o.modes) results.push_back(measure(o, mode));
  if (o.json) {
    std::for_each(results.begin(), results.end(), print_json);
    return;
  }
  fmt::print("{:<12} {:>12} {:>12} {:>12} {:>9} {:>8} {:>11} {:>9}\n", "mode", "ms/step", "min", "max",
             "GFLOP/s", "GB/s", "compile ms", "speed");
  for (const Result& r : results) {
    fmt::print("{:<12} {:>12.4f} {:>12.4f} {:>12.4f} {:>9.2f} {:>8.2f} {:>11.1f} {:>8.1f}x\n", r.mode,
               r.median, r.min, r.max, r.gflops, r.gbytes, r.compile_ms, results[0].median / r.median);
  }
}

}  // namespace

void add_bench(CLI::App& app) {
  auto o = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "Time the training step in each mode");
  o->model.add_to(*command);
  o->run.add_to(*command, false);
  command->add_option("--modes", o->modes, "Which modes, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"interpreted", "unfused", "fused"}))
      ->capture_default_str();
  command->add_option("--seconds", o->seconds, "Time to spend on each mode")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_flag("--json", o->json, "Print one JSON object per mode");
  command->callback([o] { run(*o); });
}

}  // namespace nnc::tool
