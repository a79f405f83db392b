#include "runtime/helper_thread.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "runtime/thread_pool.h"

namespace nnc {

bool helper_is_worthwhile(int threads) { return std::min(threads, available_processors()) >= 2; }

HelperThread::HelperThread(std::function<void()> work)
    : work_(std::move(work)), thread_([this] { loop(); }) {}

HelperThread::~HelperThread() {
  finish();
  enter(Ending);
  thread_.join();
}

void HelperThread::enter(Phase phase) {
  phase_.store(phase);
  phase_.notify_all();
}

void HelperThread::start() {
  assert(phase_.load() == Idle);
  enter(Working);
}

std::exception_ptr HelperThread::finish() {
  phase_.wait(Working);
  return std::exchange(error_, nullptr);
}

void HelperThread::loop() {
  while (true) {
    phase_.wait(Idle);
    if (phase_.load() == Ending) return;
    try {
      work_();
    } catch (...) {
      error_ = std::current_exception();
    }
    enter(Idle);
  }
}

}  // namespace nnc
