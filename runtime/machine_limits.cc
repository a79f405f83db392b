#include "runtime/machine_limits.h"

#include <chrono>
#include <vector>

#include "codegen/jit.h"
#include "codegen/loop_builder.h"
#include "ir/tensor.h"
#include "runtime/thread_pool.h"

namespace nnc {
namespace {

constexpr int kChains = 12;                    // hides an fma's latency on two units
constexpr int64_t kSteps = 100000;             // of every chain, per call
constexpr int64_t kStreamElements = 16 << 20;  // 64 MiB an array
constexpr int64_t kStreamTask = 64 << 10;
constexpr double kSeconds = 0.1;

// Chains of fmas that touch no memory; every task does the same.
loop::Kernel fma_kernel(DType dtype, int lanes) {
  loop::Kernel kernel;
  kernel.name = "fma_peak";
  loop::Builder b(kernel);
  int out = b.buffer({"out", dtype, loop::BufferRole::Scratch, 0, kChains * lanes, 0});
  std::vector<loop::Val> chains(kChains, b.broadcast(b.immediate(Literal::from_double(dtype, 0)), lanes));
  for (int i = 0; i < kChains; ++i) b.store(out, b.index(i * lanes), chains[i]);
  for (int i = 0; i < kChains; ++i) chains[i] = b.load(out, b.index(i * lanes), lanes);
  loop::Val x = chains[0], y = chains[1];
  chains = b.for_loop(b.index(0), b.index(kSteps), 1, chains, [&](loop::Val, std::span<const loop::Val> in) {
    std::vector<loop::Val> next;
    for (loop::Val c : in) next.push_back(b.fma(c, x, y));
    return next;
  });
  for (int i = 0; i < kChains; ++i) b.store(out, b.index(i * lanes), chains[i]);
  b.finish();
  return kernel;
}

// a = b + 3c over task after task.
loop::Kernel triad_kernel(int lanes) {
  loop::Kernel kernel;
  kernel.name = "triad";
  loop::Builder b(kernel);
  int x = b.buffer({"b", DType::F32, loop::BufferRole::Operand, 0, kStreamElements, 0});
  int y = b.buffer({"c", DType::F32, loop::BufferRole::Operand, 1, kStreamElements, 1});
  int out = b.buffer({"a", DType::F32, loop::BufferRole::Result, 0, kStreamElements, 2});
  loop::Val three = b.broadcast(b.immediate(Literal::from_double(DType::F32, 3)), lanes);
  loop::Val task = b.index(kStreamTask);
  b.for_each(b.mul(b.task_begin(), task), b.mul(b.task_end(), task), lanes,
             [&](loop::Val i) { b.store(out, i, b.fma(b.load(y, i, lanes), three, b.load(x, i, lanes))); });
  b.finish();
  return kernel;
}

// The fastest of the runs that fit in the time.
template <class F>
double best_seconds(F&& run) {
  using Clock = std::chrono::steady_clock;
  auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  double best = 1e30;
  run();
  for (auto first = Clock::now(), now = first; seconds(now - first) < kSeconds;) {
    run();
    auto after = Clock::now();
    best = std::min(best, seconds(after - now));
    now = after;
  }
  return best;
}

double measure_gflops(Jit& jit, ThreadPool& pool, DType dtype) {
  int lanes = static_cast<int>(jit.target().vector_bytes / size_of(dtype));
  KernelFunction f = jit.compile(fma_kernel(dtype, lanes));
  double seconds = best_seconds([&] {
    pool.parallel(pool.size(), [&](int, int) {
      alignas(64) std::byte scratch[kChains * 64];
      uint32_t status = 0;
      KernelCall call{nullptr, nullptr, nullptr, &status};
      f(&call, 0, 1, scratch);
    });
  });
  return 2.0 * kChains * lanes * kSteps * pool.size() / seconds * 1e-9;
}

double measure_gbytes(Jit& jit, ThreadPool& pool) {
  KernelFunction f = jit.compile(triad_kernel(jit.target().vector_bytes / 4));
  std::vector<Tensor> arrays;
  std::vector<void*> pointers;
  for (int i = 0; i < 3; ++i) {
    arrays.emplace_back(DType::F32, std::vector<int64_t>{kStreamElements});
    pointers.push_back(arrays[i].bytes().data());
  }
  constexpr int64_t kTasks = kStreamElements / kStreamTask;
  double seconds = best_seconds([&] {
    pool.parallel(pool.size(), [&](int thread, int count) {
      uint32_t status = 0;
      KernelCall call{pointers.data(), nullptr, nullptr, &status};
      f(&call, kTasks * thread / count, kTasks * (thread + 1) / count, nullptr);
    });
  });
  return 3.0 * kStreamElements * 4 / seconds * 1e-9;
}

}  // namespace

MachineLimits measure_machine(int threads, const std::string& target, DType dtype) {
  ThreadPool pool(threads);
  Jit jit(Target::named(target));
  return {measure_gflops(jit, pool, dtype), measure_gbytes(jit, pool)};
}

}  // namespace nnc
