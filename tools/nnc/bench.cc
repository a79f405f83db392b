// nnc bench: the training step interpreted, compiled kernel by kernel, and fused, side by side; with --kernels, where the
// time of a step goes.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"
#include "passes/cost.h"
#include "passes/fuse.h"
#include "passes/pipeline.h"
#include "runtime/batches.h"
#include "runtime/machine_limits.h"
#include "tools/nnc/kernel_profile.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/remarks.h"

namespace nnc::tool {
namespace {

struct BenchOptions {
  ModelOptions model;
  RunOptions run;
  RemarkOptions remarks;
  std::vector<std::string> modes = {"interpreted", "unfused", "fused"};
  double seconds = 1;
  bool json = false, kernels = false;
};

struct Result {
  std::string mode;
  double median = 0, min = 0, max = 0;         // ms per step
  double gflops = 0, gbytes = 0;               // per second
  double compile_ms = 0, warm_compile_ms = 0;  // with an empty cache, and with what that left there
  double peak_share = 0;                       // of the machine's fused multiply-adds
  int threads = 1;
};

// A folder for compiled objects that is empty at first and goes with this command.
class OwnCache {
 public:
  OwnCache() {
    std::string name = (std::filesystem::temp_directory_path() / "nnc-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw Error(fmt::format("cannot make a folder in {}", std::filesystem::temp_directory_path().string()));
    folder_ = name;
  }
  ~OwnCache() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  OwnCache(const OwnCache&) = delete;
  OwnCache& operator=(const OwnCache&) = delete;

  CacheOptions options() const { return {.folder = folder_}; }

 private:
  std::string folder_;
};

std::vector<int64_t> first_batch(const Trainer& trainer) {
  int64_t samples = trainer.data().train.samples;
  std::vector<int64_t> rows(trainer.batch() == 0 ? samples : std::min(trainer.batch(), samples));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Steps over the first batch until the time is up, at least three after one that warms up.
std::vector<double> time_steps(Trainer& trainer, double seconds) {
  std::vector<int64_t> rows = first_batch(trainer);
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

std::unique_ptr<Trainer> make_trainer(const BenchOptions& o, const std::string& mode, CacheOptions cache) {
  TrainerOptions options = o.run.trainer_options();
  options.engine.mode = execution_mode_from_name(mode);
  options.engine.cache = std::move(cache);
  auto trainer = std::make_unique<Trainer>(load_module(o.model), options);
  load_data_into(*trainer, o.model, o.run.data);
  trainer->initialize();
  return trainer;
}

// What compiling takes a process that finds every object in the cache.
double warm_compile_ms(const BenchOptions& o, const std::string& mode, const OwnCache& cache) {
  std::unique_ptr<Trainer> trainer = make_trainer(o, mode, cache.options());
  trainer->train_step(first_batch(*trainer));
  return trainer->engine().stats().seconds * 1e3;
}

Result measure(const BenchOptions& o, const std::string& mode) {
  OwnCache cache;
  std::unique_ptr<Trainer> owner = make_trainer(o, mode, cache.options());
  Trainer& trainer = *owner;
  if (mode == "fused") remark_on(trainer.step_graph(), {}, o.remarks, o.model);
  std::vector<double> times = time_steps(trainer, o.seconds);
  Result r{.mode = mode, .median = times[times.size() / 2], .min = times.front(), .max = times.back()};
  ExecutionMode kind = execution_mode_from_name(mode);
  Cost cost = step_cost(trainer, kind);
  const Bindings& sizes = trainer.step_sizes();
  r.gflops = static_cast<double>(cost.flops.evaluate(sizes)) / r.median * 1e-6;
  r.gbytes = static_cast<double>(cost.bytes.evaluate(sizes)) / r.median * 1e-6;
  r.compile_ms = trainer.engine().stats().seconds * 1e3;
  if (kind != ExecutionMode::Interpreted) r.warm_compile_ms = warm_compile_ms(o, mode, cache);
  r.threads = kind == ExecutionMode::Interpreted ? 1 : trainer.engine().threads();
  r.peak_share = r.gflops / measure_machine(r.threads, o.run.target, DType::F32).gflops;
  return r;
}

void print_json(const Result& r) {
  nlohmann::ordered_json line{{"mode", r.mode},
                              {"ms_per_step", r.median},
                              {"min", r.min},
                              {"max", r.max},
                              {"gflops", r.gflops},
                              {"gbytes_per_s", r.gbytes},
                              {"peak_share", r.peak_share},
                              {"compile_ms", r.compile_ms},
                              {"warm_compile_ms", r.warm_compile_ms},
                              {"threads", r.threads}};
  fmt::print("{}\n", line.dump());
}

// A row per kernel of one mode: the time of the step, and how close each comes to the machine's limits.
void run_kernels(const BenchOptions& o, const std::string& mode) {
  if (mode == "interpreted") throw Error("--kernels needs compiled kernels: choose --modes fused or unfused");
  std::unique_ptr<Trainer> trainer = make_trainer(o, mode, CacheOptions{});
  std::vector<int64_t> rows = first_batch(*trainer);
  if (mode == "fused") remark_on(trainer->step_graph(), {}, o.remarks, o.model);
  double ms = time_steps(*trainer, o.seconds / 2)[0];
  int steps = static_cast<int>(std::clamp(o.seconds / 2 * 1e3 / std::max(ms, 1e-3), 3.0, 100000.0));
  std::vector<KernelProfile> profile = trainer->profile_step(rows, steps);
  MachineLimits limits = measure_machine(trainer->engine().threads(), o.run.target);
  o.json ? print_profile_json(mode, profile, limits) : print_profile(mode, profile, limits);
}

void run(const BenchOptions& o) {
  if (o.remarks.wanted() && std::find(o.modes.begin(), o.modes.end(), "fused") == o.modes.end())
    throw Error("there is nothing to remark on without --modes fused");
  if (o.kernels) {
    for (const std::string& mode : o.modes) run_kernels(o, mode);
    return;
  }
  std::vector<Result> results;
  for (const std::string& mode : o.modes) results.push_back(measure(o, mode));
  if (o.json) {
    std::for_each(results.begin(), results.end(), print_json);
    return;
  }
  fmt::print("{:<12} {:>12} {:>12} {:>12} {:>9} {:>7} {:>8} {:>11} {:>8} {:>9}\n", "mode", "ms/step", "min",
             "max", "GFLOP/s", "of peak", "GB/s", "compile ms", "cached", "speed");
  for (const Result& r : results) {
    fmt::print(
        "{:<12} {:>12.4f} {:>12.4f} {:>12.4f} {:>9.2f} {:>6.1f}% {:>8.2f} {:>11.1f} {:>8.1f} {:>8.1f}x\n",
        r.mode, r.median, r.min, r.max, r.gflops, 100 * r.peak_share, r.gbytes, r.compile_ms,
        r.warm_compile_ms, results[0].median / r.median);
  }
}

}  // namespace

void add_bench(CLI::App& app) {
  auto o = std::make_shared<BenchOptions>();
  CLI::App* command = add_command(
      app, group::kCompiler, "bench", "Time the training step: interpreted, kernel by kernel, fused",
      {{"nnc bench examples/digits.nn --threads 1", "the three modes side by side"},
       {"nnc bench examples/digits.nn --kernels", "where the time of a step goes, kernel by kernel"}});
  o->model.add_to(*command);
  o->run.add_to(*command, false);
  o->remarks.add_to(*command);
  CLI::Option* modes =
      command
          ->add_option("--modes", o->modes,
                       "Which modes, separated by commas; with --kernels, fused unless given")
          ->delimiter(',')
          ->check(one_of({"interpreted", "unfused", "fused"}))
          ->capture_default_str();
  command->add_option("--seconds", o->seconds, "Time to spend on each mode")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_flag("--kernels", o->kernels,
                    "A row per kernel: what is fused into it, its time, its share of the limits");
  command->add_flag("--json", o->json, "Print one JSON object per mode, or per kernel");
  command->callback([o, modes] {
    if (o->kernels && modes->count() == 0) o->modes = {"fused"};
    with_places(o->model, [&] { run(*o); });
  });
}

}  // namespace nnc::tool
