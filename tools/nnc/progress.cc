#include "tools/nnc/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "tools/nnc/epoch_line.h"

namespace nnc::tool {

size_t terminal_columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string duration_text(double seconds) {
  if (!(seconds < 1e9)) return "long";
  auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string fit_line(std::vector<ProgressPart> parts, size_t columns) {
  for (;;) {
    std::string line;
    for (const ProgressPart& p : parts) line += (line.empty() ? "" : "  ") + p.text;
    if (line.size() <= columns || parts.empty()) return line;
    auto last = std::max_element(
        parts.begin(), parts.end(),
        [](const ProgressPart& a, const ProgressPart& b) { return a.expendable <= b.expendable; });
    parts.erase(last);
  }
}

ProgressLine::ProgressLine(int64_t epochs) : epochs_(epochs), terminal_(isatty(STDERR_FILENO)) {}

void ProgressLine::begin(int64_t epoch) {
  epoch_ = epoch;
  begun_ = -1;
  start_ = shown_ = Clock::now();
}

namespace {

// What the epoch's measures amount to so far, but for those that would have to be sorted.
std::vector<Measure> measures_so_far(const Trainer& trainer) {
  std::span<const MeasureSpec> specs = trainer.module().spec->measures;
  std::vector<Measure> out;
  for (size_t m = 1; m < std::min(specs.size(), trainer.position().sums.size()); ++m) {
    if (specs[m].fold == Fold::Rows || !specs[m].has_value) continue;
    out.push_back({specs[m].name, specs[m].end(specs[m], trainer.position().sums[m])});
  }
  return out;
}

}  // namespace

std::string ProgressLine::line(const Trainer& trainer, int64_t step, int64_t steps, double loss,
                               double seconds) const {
  double rate = static_cast<double>(step - begun_) / seconds;
  std::vector<ProgressPart> parts = {{"epoch " + epoch_number(epoch_, epochs_), 0},
                                     {fmt::format("step {}/{}", step, steps), 1},
                                     {fmt::format("loss {:.4g}", loss), 0}};
  int expendable = 3;
  for (const Measure& m : measures_so_far(trainer))
    parts.push_back({fmt::format("{} {:.4g}", m.name, m.value), expendable++});
  parts.push_back({fmt::format("{:.0f} steps/s", rate), 1001});
  if (epochs_ != kEndless) {
    double left = static_cast<double>(steps - step + (epochs_ - epoch_) * steps) / rate;
    parts.push_back({duration_text(left) + " left", 2});
  }
  return fit_line(std::move(parts), terminal_columns(STDERR_FILENO) - 1);
}

void ProgressLine::update(const Trainer& trainer, int64_t step, int64_t steps, double loss) {
  if (!terminal_) return;
  if (begun_ < 0) begun_ = step - 1;  // a resumed epoch begins in its middle
  Clock::time_point now = Clock::now();
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  double seconds = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r\x1b[K{}", line(trainer, step, steps, loss, seconds));
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace nnc::tool
