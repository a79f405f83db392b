// A thread that does one piece of work at a time for its owner, who goes on meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>

namespace nnc {

/// Whether one may be added to a program of so many threads: where there are two or more, and processors for them.
/// A program of one thread keeps to one.
bool helper_is_worthwhile(int threads);

class HelperThread {
 public:
  /// `work` is what every start() has done; what it reads and writes is the helper's until finish().
  explicit HelperThread(std::function<void()> work);
  /// Waits for what has been started.
  ~HelperThread();
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

  /// Not while the work is under way. Allocates nothing.
  void start();
  /// Waits for the end of the work; the exception that it ended with, or null.
  std::exception_ptr finish();

 private:
  enum Phase : uint32_t { Idle, Working, Ending };
  void enter(Phase phase);
  void loop();

  std::function<void()> work_;
  std::exception_ptr error_;
  std::atomic<uint32_t> phase_{Idle};
  std::thread thread_;
};

}  // namespace nnc
