// A pool of threads that belongs to one session. `parallel(n, fn)` runs fn(0, n) on the caller and fn(1..n-1,
// n) on workers and returns when all are done. Workers wait for the next call by spinning briefly and then
// sleeping; where threads outnumber processors nobody spins. A call with one thread touches no worker.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace nnc {

/// Processors this process may run on (its affinity mask), at least 1.
int available_processors();

/// Waits until `word` differs from `old`: spins for some tens of microseconds when `spin`, then sleeps.
/// Whoever changes the word must do so sequentially consistent and then notify. Returns how long it took; nothing where that was
/// too short to be worth reading the clock.
std::chrono::nanoseconds wait_while_equal(const std::atomic<uint32_t>& word, uint32_t old, bool spin);

/// A barrier for a fixed team, usable over and over. What a thread wrote before it is seen by all after it.
class SpinBarrier {
 public:
  explicit SpinBarrier(int threads) : SpinBarrier(threads, threads <= available_processors()) {}
  SpinBarrier(int threads, bool spin) : expected_(threads), remaining_(threads), spin_(spin) {}

  /// Returns how long the others were waited for, as wait_while_equal() does.
  std::chrono::nanoseconds wait();
  /// Leaves the team for good, e.g. on the way out with an exception: the others no longer wait for this
  /// thread.
  void leave();

 private:
  void complete_phase();

  std::atomic<int> expected_;
  std::atomic<int> remaining_;
  bool spin_;
  alignas(64) std::atomic<uint32_t> phase_{0};
};

class ThreadPool {
 public:
  /// `threads` counts the caller; 0 takes every available processor.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(slots_.size()) + 1; }

  /// Runs fn(thread_index, thread_count) on `threads` threads, 1 <= threads <= size(). An exception is
  /// rethrown here once all have returned (the lowest thread's, if several threw). One caller at a time, not
  /// reentrant. Returns how long the caller, done itself, waited for the others.
  template <class F>
  std::chrono::nanoseconds parallel(int threads, F&& fn) {
    using Fn = std::remove_reference_t<F>;
    if (threads == 1) {
      fn(0, 1);
      return {};
    }
    return run({[](void* f, int index, int count) { (*static_cast<Fn*>(f))(index, count); },
                const_cast<void*>(static_cast<const void*>(std::addressof(fn))), threads});
  }

 private:
  struct Job {
    void (*call)(void* fn, int index, int count) = nullptr;  // null: the worker ends
    void* fn = nullptr;
    int threads = 0;
  };
  /// One worker's doorbell, on a cache line of its own.
  struct alignas(64) Slot {
    std::atomic<uint32_t> bell{0};
    std::exception_ptr error;
  };

  std::chrono::nanoseconds run(const Job& job);
  void ring(int workers);
  void work(int index);
  void rethrow_first(int workers, std::exception_ptr own);

  int processors_;
  Job job_;
  bool spin_ = false;  // whether the current job's threads may spin
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::thread> threads_;
  alignas(64) std::atomic<uint32_t> remaining_{0};
};

}  // namespace nnc
