// How long a training run takes to begin: a fresh process parses a model, compiles its step and its evaluation and takes a
// step on data in memory, at first with an empty cache of objects, then with what that left there. Every figure is the
// median of processes of their own.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "ir/bind.h"
#include "ir/error.h"
#include "ir/parser.h"
#include "runtime/file.h"
#include "runtime/trainer.h"

extern char** environ;

namespace nnc::tool {
namespace {

constexpr int kRuns = 7, kThreads = 2;

// On the machine's clock, which all processes share.
double now_ms() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

Module module_of(const std::string& file) {
  Diagnostics diagnostics(file, read_file(file));
  std::optional<Module> module = elaborate(parse(diagnostics), diagnostics, {});
  if (!module || diagnostics.has_errors()) throw Error(diagnostics.render());
  return std::move(*module);
}

// Zeros for a batch and half of one.
BoundTable zeros_for(const Trainer& trainer) {
  BoundTable out{.samples = trainer.batch() + trainer.batch() / 2};
  auto add = [&](const std::vector<DataField>& fields, std::vector<FieldValues>& to) {
    for (const DataField& f : fields) {
      Shape shape = f.type.shape;
      shape[0] = Dim(out.samples);
      to.push_back(Tensor(f.type.dtype, evaluate(shape, {})));
    }
  };
  add(trainer.input_fields(), out.inputs);
  add(trainer.target_fields(), out.targets);
  return out;
}

// The process that is measured: says when its first step was done, and what all programs of an epoch took to compile.
void run_child(const std::string& file) {
  Trainer trainer(module_of(file), {.engine = {.threads = kThreads}});
  BoundTable table = zeros_for(trainer);
  trainer.set_data(BoundData{.train = table});
  trainer.initialize();
  std::vector<int64_t> rows(static_cast<size_t>(table.samples));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  auto batch = static_cast<size_t>(trainer.batch());
  trainer.train_step(std::span(rows).first(batch));
  double done = now_ms();
  trainer.train_step(std::span(rows).subspan(batch));
  trainer.evaluate(table);
  const CompileStats& stats = trainer.engine().stats();
  fmt::print("{} {} {} {}\n", done, stats.seconds * 1e3, stats.kernels, stats.cached);
}

struct Start {
  double step_ms = 0, compile_ms = 0;  // from the start of the process; of all programs
  size_t kernels = 0, cached = 0;
};

std::string output_of_child(const std::string& file) {
  int ends[2];
  if (pipe(ends) != 0) throw Error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  std::string self = "/proc/self/exe", name = file;
  char flag[] = "--child";
  char* arguments[] = {self.data(), flag, name.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, self.c_str(), &actions, nullptr, arguments, environ) != 0)
    throw Error("no process");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string out(4096, '\0');
  size_t size = 0;
  for (ssize_t n; size < out.size() && (n = read(ends[0], out.data() + size, out.size() - size)) > 0;)
    size += static_cast<size_t>(n);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw Error(fmt::format("{}: the measured process failed", file));
  return out.substr(0, size);
}

Start start(const std::string& file) {
  Start s;
  double begin = now_ms(), done = 0;
  std::istringstream(output_of_child(file)) >> done >> s.compile_ms >> s.kernels >> s.cached;
  s.step_ms = done - begin;
  return s;
}

Start median(std::vector<Start> runs, double Start::*what) {
  auto less = [&](const Start& a, const Start& b) { return a.*what < b.*what; };
  std::nth_element(runs.begin(), runs.begin() + kRuns / 2, runs.end(), less);
  return runs[kRuns / 2];
}

std::vector<Start> starts(const std::string& file, const std::string& cache, bool cold) {
  std::vector<Start> out;
  for (int i = 0; i < kRuns; ++i) {
    if (cold) std::filesystem::remove_all(cache);
    out.push_back(start(file));
  }
  return out;
}

void print_row(const std::string& name, const std::string& file, const std::string& cache) {
  std::vector<Start> cold = starts(file, cache, true), warm = starts(file, cache, false);
  fmt::print("{:<24} {:>8} {:>12.1f} {:>12.1f} {:>12.1f} {:>12.1f} {:>9}\n", name, cold[0].kernels,
             median(cold, &Start::compile_ms).compile_ms, median(cold, &Start::step_ms).step_ms,
             median(warm, &Start::compile_ms).compile_ms, median(warm, &Start::step_ms).step_ms,
             warm[0].kernels - warm[0].cached);
}

std::string equal_layers(int layers) {
  return fmt::format(R"(model Mlp(width = 256) {{
  input x: f32[B, 256]
  h = x
  repeat {} as hidden {{ h = relu(linear(h, width)) }}
  output y = linear(h, 256)
}}
train Mlp {{
  target    t: f32[B, 256]
  loss      mse(y, t)
  optimizer adam(lr = 1e-3)
  batch     64
}}
)",
                     layers);
}

void run(const std::vector<std::string>& files) {
  std::string folder = std::filesystem::temp_directory_path() / "nnc-start-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw Error("no temporary folder");
  std::string cache = folder + "/cache";
  setenv("NNC_CACHE_DIR", cache.c_str(), 1);
  fmt::print("{} threads; medians of {} processes, ms\n", kThreads, kRuns);
  fmt::print("{:<24} {:>8} {:>12} {:>12} {:>12} {:>12} {:>9}\n", "model", "kernels", "cold compile",
             "first step", "warm compile", "first step", "compiled");
  for (const std::string& file : files) print_row(std::filesystem::path(file).filename(), file, cache);
  for (int layers : {3, 24}) {
    std::string file = fmt::format("{}/{}.nn", folder, layers);
    std::FILE* out = std::fopen(file.c_str(), "w");
    if (out == nullptr) throw Error("cannot write " + file);
    fmt::print(out, "{}", equal_layers(layers));
    std::fclose(out);
    print_row(fmt::format("{} equal layers", layers), file, cache);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace nnc::tool

// The measured process is this program with --child.
int main(int argc, char** argv) {
  CLI::App app("Times the start of training: compiling and the first step, cold and from the cache");
  std::vector<std::string> files;
  bool child = false;
  app.add_option("FILE", files, "Models, beside nets of 3 and 24 equal layers")->check(CLI::ExistingFile);
  app.add_flag("--child", child, "Take one step of the one model and say how long that took");
  try {
    app.parse(argc, argv);
    if (child && files.size() == 1)
      nnc::tool::run_child(files[0]);
    else
      nnc::tool::run(files);
  } catch (const CLI::Error& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const nnc::Error& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
}
