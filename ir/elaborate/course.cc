// Keys of the train block that say how a run goes over time: schedules of the learning rate.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/metric_watch.h"
#include "ir/schedules.h"

namespace nnc {
namespace {

std::vector<CallRow> schedule_rows() {
  std::vector<CallRow> out;
  for (const ScheduleRow& row : all_schedules()) out.push_back(row.call);
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
