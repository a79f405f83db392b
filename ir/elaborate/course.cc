// Keys of the train block that say how a run goes over time: schedules of the learning rate, and what ends it.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/metric_watch.h"
#include "ir/schedules.h"
#include "ir/stops.h"

namespace nnc {
namespace {

std::vector<CallRow> schedule_rows() {
  std::vector<CallRow> out;
  for (const ScheduleRow& row : all_schedules()) out.push_back(row.call);
  return out;
}

std::vector<CallRow> stop_rows() {
  std::vector<CallRow> out;
  for (const StopRow& row : all_stops()) out.push_back(row.call);
  return out;
}

}  // namespace

void Elaborator::read_schedule(TrainPlan& plan, const ast::TrainEntry& e) {
  plan.spec.schedules = read_calls(e, schedule_rows(), "a schedule", "cosine(T_max = 100)");
}

void Elaborator::override_course(TrainSpec& spec) {
  override_calls("schedule", spec.schedules, schedule_rows());
  if (const CallSpec* endless = endless_before_last(spec.schedules)) {
    diag_
        .error("bad-value", endless->loc,
               fmt::format("{} has no end, so no other schedule can follow it", endless->name))
        .with_help("give it a length, after which the next one begins: length = 10");
  }
  override_stops(spec);
}

void Elaborator::read_stop(TrainPlan& plan, const ast::TrainEntry& e) {
  plan.spec.stops = read_calls(e, stop_rows(), "a stopping rule", "patience(5, metric = \"val_loss\")");
}

// A run that is bounded otherwise needs no number of epochs.
void Elaborator::override_stops(TrainSpec& spec) {
  override_calls("stop", spec.stops, stop_rows());
  bool epochs_given = spec.locs.count("epochs") > 0 || settings_.find("train.epochs");
  const CallSpec* restoring = nullptr;
  for (const CallSpec& rule : spec.stops) {
    if (stop_row(rule.name).bounds_run && !epochs_given) spec.epochs = kEndless;
    if (!restores_best(rule)) continue;
    if (restoring != nullptr) {
      diag_.error("bad-value", rule.loc, "two rules restore the weights of their best epochs")
          .with_help("say restore_best = false in all but one")
          .note(restoring->loc, "the first");
    }
    restoring = &rule;
  }
}

// What watches a metric must name one that is measured.
void Elaborator::check_watched(const TrainSpec& spec) {
  for (const CallSpec* call : watchers(spec)) {
    const std::string& metric = call->text("metric");
    if (watched(metric, spec.measures).measure != nullptr) continue;
    diag_
        .error("unknown-name", call->loc,
               fmt::format("{} watches the metric '{}', and there is none of that name", call->name, metric))
        .suggest(metric, watchable(spec.measures));
  }
}

}  // namespace nnc
