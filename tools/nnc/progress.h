// Progress of an epoch: one line that rewrites itself on a terminal, nothing elsewhere (the epoch's own line says
// enough there).
#pragma once

#include <chrono>
#include <cstdint>

namespace nnc::tool {

class ProgressLine {
 public:
  explicit ProgressLine(int64_t epochs);
  void begin(int64_t epoch);
  void update(int64_t step, int64_t steps, double loss);
  /// Removes the line, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  int64_t epochs_, epoch_ = 0;
  bool terminal_;
  Clock::time_point start_, shown_;
};

}  // namespace nnc::tool
