#include "runtime/executor.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {

// What a call needs beside its addresses, at the current extents.
struct Executor::CallPlan {
  KernelFunction function = nullptr;
  int64_t tasks = 0;
  int threads = 1;
  std::vector<int64_t> dims;
  size_t first_pointer = 0;  // into a walker's table
  bool moves = false;        // some address changes from iteration to iteration
};

// What one thread keeps while it walks: addresses move with the iterations it has reached itself.
struct Executor::Walker {
  std::vector<void*> pointers;
  std::vector<int64_t> iterations;
  Arena scratch{0};
  int64_t scratch_bytes = 0;
};

// Gives the time between two entries to the call of the first.
class Executor::Stopwatch {
 public:
  explicit Stopwatch(std::span<CallTime> times) : times_(times) {}

  void start(const Entry& e) {
    stop();
    if (e.kind != EntryKind::Call) return;
    current_ = &times_[e.index];
    since_ = Clock::now();
  }
  void stop() {
    if (current_ == nullptr) return;
    current_->seconds += std::chrono::duration<double>(Clock::now() - since_).count();
    ++current_->count;
    current_ = nullptr;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::span<CallTime> times_;
  CallTime* current_ = nullptr;
  Clock::time_point since_;
};

Executor::Executor(std::shared_ptr<const Program> program, ThreadPool& pool, int threads)
    : program_(std::move(program)),
      pool_(pool),
      threads_(std::clamp(threads, 1, pool.size())),
      arena_(program_->arena_bytes),
      inputs_(program_->inputs.size()),
      state_(program_->state.size()) {
  status_.resize(program_->calls.size());
  for (int i = 0; i < threads_; ++i) walkers_.push_back(std::make_unique<Walker>());
}

Executor::~Executor() = default;

void Executor::rebind(void*& place, void* memory) {
  prepared_ = prepared_ && place == memory;
  place = memory;
}

void Executor::set_dims(const Bindings& dims) {
  if (dims == dims_) return;
  for (const auto& [name, max] : program_->max_dims) {
    auto it = dims.find(name);
    if (it == dims.end()) throw Error(fmt::format("the size of dimension '{}' is not given", name));
    if (it->second < 0 || it->second > max) {
      throw Error(fmt::format("dimension '{}' is {}; this program was compiled for at most {}", name,
                              it->second, max));
    }
  }
  dims_ = dims;
  prepared_ = false;
}

bool Executor::moves(int slot) const {
  Storage s = program_->slots[slot].storage;
  return s == Storage::Slice || s == Storage::Carry;
}

// About what waking a thread and meeting it again costs, in work that it must be worth.
int Executor::worthwhile_threads(const KernelInfo& kernel, int64_t tasks) const {
  constexpr double kSecondsWorthAThread = 4e-6, kFlopsPerSecond = 5e10, kBytesPerSecond = 2e10;
  double flops = static_cast<double>(kernel.flops.evaluate(dims_)),
         bytes = static_cast<double>(kernel.bytes.evaluate(dims_));
  double seconds = std::max(flops / kFlopsPerSecond, bytes / kBytesPerSecond);
  double worth = std::min<double>({seconds / kSecondsWorthAThread, static_cast<double>(tasks), 1e6});
  return std::clamp(static_cast<int>(worth), 1, threads_);
}

// The last batch of an epoch is often smaller, and plans anew: what was planned before keeps its memory.
void Executor::plan_calls() {
  calls_.resize(program_->calls.size());
  size_t pointers = 0;
  active_ = 1;
  for (size_t i = 0; i < calls_.size(); ++i) {
    const Call& c = program_->calls[i];
    CallPlan& plan = calls_[i];
    plan.function = c.kernel.function;
    plan.tasks = 1;
    for (const loop::TaskAxis& t : c.kernel.tasks)
      plan.tasks *= (t.extent.evaluate(dims_) + t.tile - 1) / t.tile;
    plan.dims.clear();
    for (const std::string& s : c.kernel.symbols) plan.dims.push_back(dims_.at(s));
    plan.threads = worthwhile_threads(c.kernel, plan.tasks);
    for (const Argument& a : c.arguments) plan.moves |= moves(a.slot);
    plan.first_pointer = pointers;
    active_ = std::max(active_, plan.threads);
    pointers += c.arguments.size();
  }
}

namespace {

int64_t scratch_needed(const Program& program, const Bindings& dims) {
  int64_t most = 0;
  for (const Call& c : program.calls) {
    int64_t bytes = 0;
    for (const loop::Buffer& b : c.kernel.scratch) {
      bytes += (b.count.evaluate(dims) * size_of(b.dtype) + 63) / 64 * 64;
    }
    most = std::max(most, bytes);
  }
  return most;
}

}  // namespace

void Executor::prepare() {
  plan_calls();
  strides_.clear();
  bytes_.clear();
  trips_.clear();
  for (const Slot& s : program_->slots) {
    strides_.push_back(s.stride.evaluate(dims_));
    bytes_.push_back(bytes_of(s, dims_));
  }
  for (const Loop& l : program_->loops) trips_.push_back(l.trip.evaluate(dims_));
  int64_t scratch = scratch_needed(*program_, dims_);
  for (auto& w : walkers_) {
    if (w->scratch_bytes < scratch) {
      w->scratch = Arena(scratch);
      w->scratch_bytes = scratch;
    }
    w->iterations.assign(program_->loops.size(), 0);
    w->pointers.clear();
    for (const Call& c : program_->calls) {
      for (const Argument& a : c.arguments) w->pointers.push_back(address(a.slot, w->iterations));
    }
  }
  if (active_ > 1 && team_ != active_) {
    barrier_ = std::make_unique<SpinBarrier>(active_);
    team_ = active_;
  }
  prepared_ = true;
}

void* Executor::address(int slot, std::span<const int64_t> iterations) const {
  const Slot& s = program_->slots[slot];
  switch (s.storage) {
    case Storage::Arena:
      return arena_.data() + s.offset;
    case Storage::Input:
      return inputs_[s.index];
    case Storage::State:
      return state_[s.index];
    case Storage::Carry: {
      bool even = (iterations[s.index] + s.phase) % 2 == 0;
      return address(even ? s.parent : s.other, iterations);
    }
    case Storage::Slice: {
      int64_t step = iterations[s.index];
      if (program_->loops[s.index].reverse) step = trips_[s.index] - 1 - step;
      return static_cast<std::byte*>(address(s.parent, iterations)) + step * strides_[slot];
    }
  }
  return nullptr;
}

const std::byte* Executor::output(size_t index) const {
  return static_cast<const std::byte*>(address(program_->outputs[index].slot, trips_));
}

const Call* Executor::run() {
  if (!prepared_) prepare();
  if (active_ == 1) {
    walk(0, 1);
  } else {
    run_team();
  }
  return fault();
}

// A timed run is the whole team's, as threads_of() says of it.
void Executor::run_team() {
  const auto start = std::chrono::steady_clock::now();
  const int threads = stopwatch_ != nullptr ? active_ : worth_.threads(active_);
  waited_ = {};
  auto waited = pool_.parallel(threads, [this](int thread, int count) { walk(thread, count); });
  worth_.record(threads, std::chrono::steady_clock::now() - start, waited_ + waited);
}

const Call* Executor::run_timed(std::span<CallTime> times) {
  Stopwatch stopwatch(times);
  stopwatch_ = &stopwatch;
  const Call* fault = run();
  stopwatch.stop();
  stopwatch_ = nullptr;
  return fault;
}

int Executor::threads_of(size_t call) const { return std::min(calls_[call].threads, active_); }

// Kernels only ever set bits, so a word that is zero was never touched.
const Call* Executor::fault() {
  auto it = std::find_if(status_.begin(), status_.end(), [](uint32_t s) { return s != 0; });
  if (it == status_.end()) return nullptr;
  const Call* call = &program_->calls[it - status_.begin()];
  std::fill(status_.begin(), status_.end(), 0);
  return call;
}

void Executor::meet(int thread) {
  const auto waited = barrier_->wait();
  if (thread == 0) waited_ += waited;
}

void Executor::walk(int thread, int count) {
  Walker& w = *walkers_[thread];
  const std::vector<Entry>& entries = program_->entries;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& e = entries[i];
    if (e.barrier_before && count > 1) meet(thread);
    if (stopwatch_ != nullptr && thread == 0) stopwatch_->start(e);
    switch (e.kind) {
      case EntryKind::Call:
        call(w, e.index, thread, count);
        break;
      case EntryKind::Copy:
        if (thread == 0) copy(w, e);
        break;
      case EntryKind::LoopBegin:
        w.iterations[e.index] = 0;
        if (trips_[e.index] == 0) i = e.to;
        break;
      case EntryKind::LoopEnd:
        if (++w.iterations[e.index] < trips_[e.index]) i = e.to;
        break;
    }
  }
}

// Tasks are independent of one another, so that their division among threads changes no bit.
void Executor::call(Walker& w, size_t index, int thread, int count) {
  const CallPlan& plan = calls_[index];
  const Call& c = program_->calls[index];
  int threads = std::min(plan.threads, count);
  if (thread >= threads) return;
  void** pointers = w.pointers.data() + plan.first_pointer;
  if (plan.moves) {
    for (size_t a = 0; a < c.arguments.size(); ++a) {
      if (moves(c.arguments[a].slot)) pointers[a] = address(c.arguments[a].slot, w.iterations);
    }
  }
  KernelCall shared{pointers, plan.dims.data(), c.literals.data(), &status_[index]};
  int64_t begin = plan.tasks * thread / threads, end = plan.tasks * (thread + 1) / threads;
  if (begin < end) plan.function(&shared, begin, end, w.scratch.data());
}

void Executor::copy(Walker& w, const Entry& e) const {
  void *from = address(e.from, w.iterations), *to = address(e.to, w.iterations);
  if (from != to && bytes_[e.to] > 0) std::memcpy(to, from, bytes_[e.to]);
}

}  // namespace nnc
