// Whether a run is over by the stopping rules of its train block, and why. What the rules remember of a metric is part
// of a run's checkpoint; the clock is not, and starts again with every process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/measures.h"
#include "ir/stops.h"
#include "runtime/epoch_report.h"

namespace nnc {

class Stopping {
 public:
  Stopping() = default;
  Stopping(std::vector<CallSpec> rules, std::span<const MeasureSpec> measures);

  /// The clock runs from the first call on.
  void start_clock();
  /// Null, or the first rule that says so after so many steps of the run.
  const CallSpec* due(int64_t steps) const;
  /// Why the rule that is due is.
  std::string why(const CallSpec& rule, int64_t steps) const;

  void after_epoch(const EpochReport& report);
  /// Whether a rule gives back the best epoch's weights, and that epoch (0: none yet).
  bool keeps_best() const;
  int64_t best_epoch() const;

  /// Forgets what was observed, and the clock.
  void reset();
  /// What the watching rules remember, numbers one after the other; of a length that never changes.
  std::vector<double> memory() const;
  void set_memory(std::span<const double> numbers);
  /// The watching rules as text: what runs with equal memories agree on.
  std::string watching() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Rule {
    CallSpec call;
    bool larger_is_better = false;
    StopMemory memory;
    std::string metric;  // what it watched last
    bool watches() const { return stop_row(call.name).observe != nullptr; }
  };
  StopView view(const Rule& rule, int64_t steps) const;

  std::vector<Rule> rules_;
  std::optional<Clock::time_point> start_;
};

}  // namespace nnc
