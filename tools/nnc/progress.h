// Progress of an epoch: one line that rewrites itself on a terminal and never reaches its last column; nothing elsewhere
// (the epoch's own line says enough there).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/trainer.h"

namespace nnc::tool {

/// Columns of the terminal behind the descriptor; 80 where there is none or it does not say.
size_t terminal_columns(int descriptor);
/// "3 s", "4 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

/// A part of the line; where not all fit, those of the highest number go first.
struct ProgressPart {
  std::string text;
  int expendable = 0;
};
/// The parts that fit into so many columns, two spaces between them.
std::string fit_line(std::vector<ProgressPart> parts, size_t columns);

class ProgressLine {
 public:
  explicit ProgressLine(int64_t epochs);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void begin(int64_t epoch);
  void update(const Trainer& trainer, int64_t step, int64_t steps, double loss);
  /// Removes the line, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const Trainer& trainer, int64_t step, int64_t steps, double loss, double seconds) const;

  int64_t epochs_, epoch_ = 0, begun_ = -1;
  bool terminal_;
  Clock::time_point start_, shown_;
};

}  // namespace nnc::tool
