// How far a sweep is: one line that rewrites itself in a terminal, and a line per finished run elsewhere; on standard error,
// from any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace nnc::tool {

class SweepProgress {
 public:
  explicit SweepProgress(size_t runs);
  /// So much of a run is done, from 0 to 1.
  void update(size_t run, double share);
  /// What came of it, and what is best so far.
  void finish(size_t run, const std::string& outcome, const std::string& best);
  /// Removes the line, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void show();
  double share() const;

  std::mutex mutex_;
  const size_t runs_;
  const bool terminal_;
  size_t finished_ = 0;
  std::map<size_t, double> shares_;  // of the runs under way
  std::string best_;
  Clock::time_point start_, shown_;
};

}  // namespace nnc::tool
