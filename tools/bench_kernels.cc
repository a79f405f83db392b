// Speed of kernels through the JIT. Contractions, one thread: the shapes nets are made of, in the forms of forward,
// gradient by data and gradient by weights. `best` is the GFLOP/s of the fastest single call, next to the mean. What is
// bound by memory is in bench_streams.cc.
#include <chrono>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "runtime/machine_limits.h"
#include "tools/bench_streams.h"
#include "tools/gemm_call.h"

namespace nnc::tool {
namespace {

struct Shape3 {
  const char* name;
  int64_t m, n, k;
};
constexpr Shape3 kShapes[] = {
    {"mlp fwd1", 64, 128, 784},        {"mlp fwd2", 64, 64, 128},       {"mlp fwd3", 64, 10, 64},
    {"mlp dW1", 128, 784, 64},         {"mlp dW1'", 784, 128, 64},      {"batch 1", 1, 128, 784},
    {"mlp1024", 256, 1024, 1024},      {"mlp1024 dW", 1024, 1024, 256}, {"gpt-char qkv", 2048, 384, 128},
    {"gpt-char fc1", 2048, 512, 128},  {"gpt-char dW", 128, 2048, 512}, {"gpt6 qkv", 1024, 1152, 384},
    {"lstm step", 32, 1024, 256},      {"square 512", 512, 512, 512},   {"square 1024", 1024, 1024, 1024},
    {"square 2048", 2048, 2048, 2048}, {"rnn", 1760, 128, 1760},        {"rnn", 35, 2560, 2560},
    {"skinny", 1024, 16, 1024},        {"odd", 27, 1024, 32},           {"odd", 17, 33, 65}};

template <class F>
void measure(benchmark::State& state, double flops, F&& run) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (auto _ : state) {
    auto start = Clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  state.counters["best"] = flops / best * 1e-9;
  state.counters["mean"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void gemm(benchmark::State& state, const GemmShape& shape) {
  Jit jit(Target::host());
  KernelRun run = gemm_run(jit, shape);
  measure(state, shape.flops(), run);
}

// What the machine can do at the moment.
void machine(benchmark::State& state) {
  MachineLimits limits;
  for (auto _ : state) limits = measure_machine(1);
  state.counters["GFLOP/s"] = limits.gflops;
  state.counters["GB/s"] = limits.gbytes_per_second;
}

void register_all() {
  benchmark::RegisterBenchmark("machine", machine)->Iterations(1);
  for (const Shape3& s : kShapes) {
    for (auto [form, ta, tb] : {std::tuple("NN", false, false), {"NT", false, true}, {"TN", true, false}}) {
      std::string name = fmt::format("{} {} {}x{}x{}", s.name, form, s.m, s.n, s.k);
      benchmark::RegisterBenchmark(name.c_str(), gemm, GemmShape{s.m, s.n, s.k, ta, tb});
    }
  }
}

}  // namespace
}  // namespace nnc::tool

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  nnc::tool::register_all();
  nnc::tool::register_streams();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
