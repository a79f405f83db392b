// Learning rates over time: a table of rows, one function each. Definitions, arguments and defaults are those of
// torch.optim.lr_scheduler. A train block's schedules follow one another:
//
//   schedule linear(total_iters = 5), cosine(T_max = 95)
//
// The rate is a number beside the step (the input "train.lr"), so no schedule ever compiles anything.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/call_spec.h"

namespace nnc {

/// What a schedule that watches a metric remembers between epochs.
struct Plateau {
  double rate = 0, best = 0, bad_epochs = 0, cooldown = 0;
};

/// Where a schedule stands: `t` epochs or steps after it began, whichever it counts.
struct ScheduleTime {
  double base = 0;  // the optimizer's learning rate
  int64_t t = 0;
  int64_t steps_per_epoch = 1;
  const Plateau* plateau = nullptr;  // of one that watches a metric
};

struct ScheduleRow {
  CallRow call;
  double (*rate)(const CallSpec&, const ScheduleTime&);
  /// How long it lasts by its own arguments; null for one without an end.
  int64_t (*length)(const CallSpec&, int64_t steps_per_epoch);
  /// After each epoch of one that watches a metric; null for the others.
  void (*observe)(const CallSpec&, double metric, bool larger_is_better, Plateau&);
};

std::span<const ScheduleRow> all_schedules();
/// The row must exist.
const ScheduleRow& schedule_row(std::string_view name);
/// Whether it counts steps, not epochs.
bool counts_steps(const CallSpec& schedule);

/// One of several schedules, and how long ago it began.
struct SchedulePlace {
  size_t index = 0;
  int64_t t = 0;
};
/// Which one holds after so many epochs and steps of the run. There is at least one, and each but the last has an end.
SchedulePlace place_in(std::span<const CallSpec> schedules, int64_t epochs, int64_t steps,
                       int64_t steps_per_epoch);
/// Null, or the schedule that has no end though others follow it.
const CallSpec* endless_before_last(std::span<const CallSpec> schedules);

}  // namespace nnc
