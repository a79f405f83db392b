#include "tools/nnc/progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

namespace nnc::tool {

ProgressLine::ProgressLine(int64_t epochs) : epochs_(epochs), terminal_(isatty(STDERR_FILENO)) {}

void ProgressLine::begin(int64_t epoch) {
  epoch_ = epoch;
  start_ = shown_ = Clock::now();
}

void ProgressLine::update(int64_t step, int64_t steps, double loss) {
  if (!terminal_) return;
  Clock::time_point now = Clock::now();
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  double seconds = std::chrono::duration<double>(now - start_).count();
  double rate = static_cast<double>(step) / seconds;
  double left = static_cast<double>(steps - step) / rate;
  fmt::print(stderr, "\r\x1b[Kepoch {}/{}  step {}/{}  loss {:.4f}  {:.0f} steps/s  {:.0f} s left", epoch_,
             epochs_, step, steps, loss, rate, left);
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace nnc::tool
