// Runs a compiled program: owns its arena, resolves its slots to addresses, and walks its table once per run on
// every participating thread. No allocation and no look-up by name happens in a run;
// new extents plan anew in the memory of the plan before. Links without LLVM.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codegen/program.h"
#include "runtime/arena.h"
#include "runtime/team_worth.h"
#include "runtime/thread_pool.h"

namespace nnc {

/// Wall time of a call on the calling thread, from when it may start to when the next entry may, and how often it ran.
struct CallTime {
  double seconds = 0;
  int64_t count = 0;
};

class Executor {
 public:
  /// `pool` outlives the executor; `threads` of it take part where the work is worth it.
  Executor(std::shared_ptr<const Program> program, ThreadPool& pool, int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  const Program& program() const { return *program_; }
  /// Memory of state number i: read and written in place by every run.
  void bind_state(size_t index, void* memory) { rebind(state_[index], memory); }
  /// Memory of input number i: only read.
  void bind_input(size_t index, const void* memory) { rebind(inputs_[index], const_cast<void*>(memory)); }
  /// The extents of the next runs. Throws Error for one above what the arena was planned for, or missing.
  void set_dims(const Bindings& dims);
  /// One run. Returns null, or the first call in the table that met an index out of range.
  const Call* run();
  /// One run that adds to times[i] what call i of the table took.
  const Call* run_timed(std::span<CallTime> times);
  /// Threads that take part in call i of the table, at the extents of the last run.
  int threads_of(size_t call) const;
  /// Where output number i lies after a run, until the next.
  const std::byte* output(size_t index) const;

 private:
  struct CallPlan;
  struct Walker;
  class Stopwatch;

  void rebind(void*& place, void* memory);
  void plan_calls();
  int worthwhile_threads(const KernelInfo& kernel, int64_t tasks) const;
  void prepare();
  void* address(int slot, std::span<const int64_t> iterations) const;
  void run_team();
  void walk(int thread, int count);
  void meet(int thread);
  void call(Walker& w, size_t index, int thread, int count);
  void copy(Walker& w, const Entry& e) const;
  bool moves(int slot) const;
  const Call* fault();

  std::shared_ptr<const Program> program_;
  ThreadPool& pool_;
  int threads_;
  Arena arena_;
  std::vector<void*> inputs_, state_;
  Bindings dims_;
  std::vector<CallPlan> calls_;
  std::vector<uint32_t> status_;                  // by call
  std::vector<int64_t> strides_, bytes_, trips_;  // by slot, by slot, by loop: at the current extents
  std::vector<std::unique_ptr<Walker>> walkers_;
  std::unique_ptr<SpinBarrier> barrier_;
  int team_ = 0;                    // threads that the barrier is for
  Stopwatch* stopwatch_ = nullptr;  // of a timed run
  int active_ = 1;                  // threads of the next run
  bool prepared_ = false;
  TeamWorth worth_;
  std::chrono::nanoseconds waited_{};  // by the first thread at the barriers of this run
};

}  // namespace nnc
