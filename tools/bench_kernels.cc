// Speed of contraction kernels, one thread, through the JIT: the shapes nets are made of, in the forms of forward,
// gradient by data and gradient by weights. `best` is the GFLOP/s of the fastest single call, next to the mean;
// fma_peak is what the machine can do at the moment.
#include <chrono>
#include <random>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "codegen/contraction.h"
#include "codegen/jit.h"
#include "codegen/loop_builder.h"
#include "ir/builder.h"
#include "ir/tensor.h"

namespace nnc {
namespace {

struct Shape3 {
  const char* name;
  int64_t m, n, k;
};
constexpr Shape3 kShapes[] = {{"mlp fwd1", 64, 128, 784},
                              {"mlp fwd2", 64, 64, 128},
                              {"mlp fwd3", 64, 10, 64},
                              {"mlp dW1", 128, 784, 64},
                              {"batch 1", 1, 128, 784},
                              {"mlp1024", 256, 1024, 1024},
                              {"mlp1024 dW", 1024, 1024, 256},
                              {"gpt-char qkv", 2048, 384, 128},
                              {"gpt-char fc1", 2048, 512, 128},
                              {"gpt-char dW", 128, 2048, 512},
                              {"gpt6 qkv", 1024, 1152, 384},
                              {"lstm step", 32, 1024, 256},
                              {"square 512", 512, 512, 512},
                              {"square 1024", 1024, 1024, 1024},
                              {"skinny", 1024, 16, 1024},
                              {"odd", 27, 1024, 32},
                              {"odd", 17, 33, 65}};

Tensor random_tensor(std::vector<int64_t> shape) {
  Tensor t(DType::F32, std::move(shape));
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  for (float& x : t.as<float>()) x = normal(rng);
  return t;
}

// C[m, n] from operands stored as they are (N) or transposed (T).
loop::Kernel gemm_kernel(const Shape3& s, bool lhs_transposed, bool rhs_transposed, const Target& target) {
  Type a{DType::F32, lhs_transposed ? Shape{s.k, s.m} : Shape{s.m, s.k}};
  Type b{DType::F32, rhs_transposed ? Shape{s.n, s.k} : Shape{s.k, s.n}};
  Graph body, outer;
  Builder inner(body), builder(outer);
  Value lhs = inner.input("a", a), rhs = inner.input("b", b);
  Value dot = inner.contract(lhs, rhs, lhs_transposed ? 0 : 1, rhs_transposed ? 1 : 0);
  body.add_output({"c", dot});
  std::vector<Value> operands = {builder.input("a", a), builder.input("b", b)};
  RegionAttrs attrs{KernelKind::Contraction, "gemm", {std::make_shared<Graph>(body)}};
  return lower_contraction(outer, builder.add_node(Op::Region, attrs, operands)[0].node, target, {});
}

struct Call {
  Call(KernelFunction function, const loop::Kernel& kernel, std::vector<Tensor> tensors)
      : function(function),
        tasks(task_count(kernel, {})),
        tensors(std::move(tensors)),
        scratch(DType::U8, {scratch_bytes(kernel, {}) + 1}) {
    for (Tensor& t : this->tensors) buffers.push_back(t.bytes().data());
  }
  void operator()() {
    KernelCall call{buffers.data(), nullptr, nullptr, &status};
    function(&call, 0, tasks, scratch.bytes().data());
  }

  KernelFunction function;
  int64_t tasks;
  std::vector<Tensor> tensors;
  Tensor scratch;
  std::vector<void*> buffers;
  uint32_t status = 0;
};

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

void gemm(benchmark::State& state, const Shape3& s, bool lhs_transposed, bool rhs_transposed) {
  Jit jit(Target::host());
  loop::Kernel kernel = gemm_kernel(s, lhs_transposed, rhs_transposed, jit.target());
  std::vector<Tensor> tensors;
  tensors.push_back(random_tensor({s.m, s.k}));
  tensors.push_back(random_tensor({s.k, s.n}));
  tensors.push_back(Tensor(DType::F32, {s.m, s.n}));
  Call call(jit.compile(kernel), kernel, std::move(tensors));
  measure(state, 2.0 * static_cast<double>(s.m * s.n * s.k), call);
}

// Twelve chains of fmas that touch no memory.
loop::Kernel peak_kernel(int64_t steps, int lanes) {
  loop::Kernel kernel;
  kernel.name = "fma_peak";
  loop::Builder b(kernel);
  int out = b.buffer({"out", DType::F32, loop::BufferRole::Result, 0, 12 * lanes, 0});
  std::vector<loop::Val> chains;
  for (int i = 0; i < 12; ++i) chains.push_back(b.load(out, b.index(i * lanes), lanes));
  loop::Val x = chains[0], y = chains[1];
  chains = b.for_loop(b.index(0), b.index(steps), 1, chains, [&](loop::Val, std::span<const loop::Val> in) {
    std::vector<loop::Val> next;
    for (loop::Val c : in) next.push_back(b.fma(c, x, y));
    return next;
  });
  for (int i = 0; i < 12; ++i) b.store(out, b.index(i * lanes), chains[i]);
  b.finish();
  return kernel;
}

void fma_peak(benchmark::State& state) {
  constexpr int64_t kSteps = 100000;
  Jit jit(Target::host());
  int lanes = jit.target().vector_bytes / 4;
  loop::Kernel kernel = peak_kernel(kSteps, lanes);
  std::vector<Tensor> tensors;
  tensors.push_back(Tensor(DType::F32, {12 * lanes}));
  Call call(jit.compile(kernel), kernel, std::move(tensors));
  measure(state, 2.0 * 12 * lanes * kSteps, call);
}

void register_all() {
  benchmark::RegisterBenchmark("fma_peak", fma_peak);
  for (const Shape3& s : kShapes) {
    for (auto [form, ta, tb] : {std::tuple("NN", false, false), {"NT", false, true}, {"TN", true, false}}) {
      std::string name = fmt::format("{} {} {}x{}x{}", s.name, form, s.m, s.n, s.k);
      benchmark::RegisterBenchmark(name.c_str(), gemm, s, ta, tb);
    }
  }
}

}  // namespace
}  // namespace nnc

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  nnc::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
