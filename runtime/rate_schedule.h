// The learning rate of every step of a run, by the schedules of its train block. It follows from how many epochs and
// steps are done; only what watches a metric remembers something, which is part of a run's checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/measures.h"
#include "ir/schedules.h"
#include "runtime/epoch_report.h"

namespace nnc {

/// How far a run is: epochs and updates done, and how many updates an epoch has.
struct RunTime {
  int64_t epochs = 0, updates = 0, updates_per_epoch = 1;
};

class RateSchedule {
 public:
  RateSchedule() = default;
  /// One after the other, of an optimizer whose rate is `base`.
  RateSchedule(std::vector<CallSpec> schedules, double base, std::span<const MeasureSpec> measures);

  double rate(const RunTime& now) const;
  /// At the end of the epoch that `report` is about; `last` is the time of its last step.
  void after_epoch(const EpochReport& report, const RunTime& last);
  /// Forgets what was observed.
  void reset();

  /// What the observing schedules remember, numbers one after the other; of a length that never changes.
  std::vector<double> memory() const;
  void set_memory(std::span<const double> numbers);

 private:
  std::vector<CallSpec> schedules_;
  double base_ = 0;
  std::vector<bool> larger_is_better_;
  std::vector<Plateau> plateaus_;  // one per schedule
};

}  // namespace nnc
