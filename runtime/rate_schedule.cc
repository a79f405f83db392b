#include "runtime/rate_schedule.h"

#include "ir/metric_watch.h"

namespace nnc {
namespace {

bool observes(const CallSpec& schedule) { return schedule_row(schedule.name).observe != nullptr; }

constexpr double Plateau::*kMemory[] = {&Plateau::rate, &Plateau::best, &Plateau::bad_epochs,
                                        &Plateau::cooldown};

}  // namespace

RateSchedule::RateSchedule(std::vector<CallSpec> schedules, double base,
                           std::span<const MeasureSpec> measures)
    : schedules_(std::move(schedules)), base_(base) {
  for (const CallSpec& s : schedules_)
    larger_is_better_.push_back(observes(s) && larger_is_better(s, measures));
  reset();
}

void RateSchedule::reset() {
  plateaus_.clear();
  for (bool larger : larger_is_better_) plateaus_.push_back({.rate = base_, .best = worst_metric(larger)});
}

double RateSchedule::rate(const RunTime& now) const {
  if (schedules_.empty()) return base_;
  SchedulePlace at = place_in(schedules_, now.epochs, now.updates, now.updates_per_epoch);
  const CallSpec& schedule = schedules_[at.index];
  return schedule_row(schedule.name)
      .rate(schedule, {base_, at.t, now.updates_per_epoch, &plateaus_[at.index]});
}

void RateSchedule::after_epoch(const EpochReport& report, const RunTime& last) {
  if (schedules_.empty()) return;
  size_t i = place_in(schedules_, last.epochs, last.updates, last.updates_per_epoch).index;
  const ScheduleRow& row = schedule_row(schedules_[i].name);
  if (row.observe)
    row.observe(schedules_[i], watched_value(report, schedules_[i]), larger_is_better_[i], plateaus_[i]);
}

std::vector<double> RateSchedule::memory() const {
  std::vector<double> out;
  for (size_t i = 0; i < schedules_.size(); ++i) {
    for (auto number : kMemory) {
      if (observes(schedules_[i])) out.push_back(plateaus_[i].*number);
    }
  }
  return out;
}

void RateSchedule::set_memory(std::span<const double> numbers) {
  size_t at = 0;
  for (size_t i = 0; i < schedules_.size(); ++i) {
    for (auto number : kMemory) {
      if (observes(schedules_[i])) plateaus_[i].*number = numbers[at++];
    }
  }
}

}  // namespace nnc
