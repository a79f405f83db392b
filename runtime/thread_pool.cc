#include "runtime/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace nnc {
namespace {

// Long enough to bridge the serial gap between two training steps of a small net, short enough not to matter
// for the power bill or for a neighbour.
constexpr std::chrono::microseconds kSpinTime{50};

using Clock = std::chrono::steady_clock;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool changes_within(const std::atomic<uint32_t>& word, uint32_t old, int rounds) {
  for (int i = 0; i < rounds; ++i, pause()) {
    if (word.load(std::memory_order_acquire) != old) return true;
  }
  return false;
}

bool changes_before(const std::atomic<uint32_t>& word, uint32_t old, Clock::time_point deadline) {
  while (Clock::now() < deadline) {
    if (changes_within(word, old, 64)) return true;
  }
  return false;
}

}  // namespace

int available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(
      1, static_cast<int>(std::thread::hardware_concurrency()));  // more processors than a cpu_set_t holds
}

std::chrono::nanoseconds wait_while_equal(const std::atomic<uint32_t>& word, uint32_t old, bool spin) {
  if (spin && changes_within(word, old, 64)) return {};  // the common case never reads the clock
  const Clock::time_point start = Clock::now();
  if (!spin || !changes_before(word, old, start + kSpinTime)) {
    while (word.load(std::memory_order_acquire) == old) word.wait(old, std::memory_order_acquire);
  }
  return Clock::now() - start;
}

void SpinBarrier::complete_phase() {
  remaining_.store(expected_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  phase_.fetch_add(1);
  phase_.notify_all();
}

std::chrono::nanoseconds SpinBarrier::wait() {
  uint32_t phase = phase_.load(std::memory_order_relaxed);  // cannot advance before this thread arrives
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    complete_phase();
    return {};
  }
  return wait_while_equal(phase_, phase, spin_);
}

void SpinBarrier::leave() {
  expected_.fetch_sub(1, std::memory_order_relaxed);
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) complete_phase();
}

ThreadPool::ThreadPool(int threads) : processors_(available_processors()) {
  int workers = (threads > 0 ? threads : processors_) - 1;
  for (int i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>());
  for (int i = 0; i < workers; ++i) threads_.emplace_back([this, i] { work(i + 1); });
}

ThreadPool::~ThreadPool() {
  job_ = {};
  ring(size() - 1);
  for (std::thread& t : threads_) t.join();
}

void ThreadPool::ring(int workers) {
  for (int i = 0; i < workers; ++i) {
    slots_[i]->bell.fetch_add(
        1);  // sequentially consistent: either the worker sees it or the wake-up sees the worker
    slots_[i]->bell.notify_one();
  }
}

std::chrono::nanoseconds ThreadPool::run(const Job& job) {
  assert(job.threads >= 1 && job.threads <= size());
  assert(remaining_.load() == 0 && "one caller at a time, not reentrant");
  int workers = job.threads - 1;
  job_ = job;
  spin_ = job.threads <= processors_;
  remaining_.store(static_cast<uint32_t>(workers), std::memory_order_relaxed);
  ring(workers);
  std::exception_ptr own;
  try {
    job.call(job.fn, 0, job.threads);
  } catch (...) {
    own = std::current_exception();
  }
  std::chrono::nanoseconds waited{};
  for (uint32_t left; (left = remaining_.load(std::memory_order_acquire)) != 0;)
    waited += wait_while_equal(remaining_, left, spin_);
  rethrow_first(workers, own);
  return waited;
}

void ThreadPool::rethrow_first(int workers, std::exception_ptr own) {
  std::exception_ptr first = own;
  for (int i = 0; i < workers; ++i) {
    std::exception_ptr error = std::exchange(slots_[i]->error, nullptr);
    if (!first) first = error;
  }
  if (first) std::rethrow_exception(first);
}

void ThreadPool::work(int index) {
  Slot& slot = *slots_[index - 1];
  bool spin = false;
  for (uint32_t heard = 0;; ++heard) {
    wait_while_equal(slot.bell, heard, spin);
    Job job = job_;
    if (!job.call) return;
    spin = spin_;
    try {
      job.call(job.fn, index, job.threads);
    } catch (...) {
      slot.error = std::current_exception();
    }
    if (remaining_.fetch_sub(1) == 1) remaining_.notify_one();
  }
}

}  // namespace nnc
