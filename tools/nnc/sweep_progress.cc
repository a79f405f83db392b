#include "tools/nnc/sweep_progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "tools/nnc/progress.h"

namespace nnc::tool {

SweepProgress::SweepProgress(size_t runs)
    : runs_(runs), terminal_(isatty(STDERR_FILENO)), start_(Clock::now()), shown_(start_) {}

double SweepProgress::share() const {
  double done = static_cast<double>(finished_);
  for (const auto& [run, share] : shares_) done += share;
  return done / static_cast<double>(runs_);
}

void SweepProgress::show() {
  double seconds = std::chrono::duration<double>(Clock::now() - start_).count(), done = share();
  std::vector<ProgressPart> parts = {{fmt::format("{}/{} runs", finished_, runs_), 0},
                                     {fmt::format("{} running", shares_.size()), 3},
                                     {fmt::format("{:.0f} %", 100 * done), 1}};
  if (!best_.empty()) parts.push_back({"best " + best_, 4});
  if (done > 0) parts.push_back({duration_text(seconds * (1 - done) / done) + " left", 2});
  fmt::print(stderr, "\r\x1b[K{}", fit_line(std::move(parts), terminal_columns(STDERR_FILENO) - 1));
  std::fflush(stderr);
}

void SweepProgress::update(size_t run, double share) {
  std::lock_guard lock(mutex_);
  shares_[run] = share;
  Clock::time_point now = Clock::now();
  if (!terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  show();
}

void SweepProgress::finish(size_t run, const std::string& outcome, const std::string& best) {
  std::lock_guard lock(mutex_);
  shares_.erase(run);
  ++finished_;
  best_ = best;
  terminal_ ? show() : fmt::print(stderr, "run {}/{}  {}\n", finished_, runs_, outcome);
}

void SweepProgress::clear() {
  std::lock_guard lock(mutex_);
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace nnc::tool
