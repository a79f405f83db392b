#include "ir/stops.h"

#include <cmath>

#include <fmt/format.h>

#include "ir/metric_watch.h"

namespace nnc {
namespace {

using Call = const CallSpec&;
using View = const StopView&;

bool enough_steps(Call c, View v) { return v.steps >= c.integer("count"); }

std::string why_steps(Call, View v) { return fmt::format("{} steps are done", v.steps); }

bool time_is_up(Call c, View v) { return v.seconds >= c.real("limit"); }

std::string why_seconds(Call c, View) { return fmt::format("{} seconds are over", c.real("limit")); }

bool is_below(Call c, View v) { return v.memory->last < c.real("limit"); }

std::string why_below(Call c, View v) {
  return fmt::format("{} is {:.6g}, below {}", v.metric, v.memory->last, c.real("limit"));
}

void observe_last(Call, int64_t, double metric, bool, StopMemory& m) { m.last = metric; }

bool out_of_patience(Call c, View v) {
  return v.memory->bad_epochs >= static_cast<double>(c.integer("epochs"));
}

std::string why_patience(Call, View v) {
  if (v.memory->best_epoch == 0) return fmt::format("{} has been no number so far", v.metric);
  return fmt::format("{} has not got better than {:.6g} of epoch {} for {} epoch{}", v.metric, v.memory->best,
                     v.memory->best_epoch, v.memory->bad_epochs, v.memory->bad_epochs == 1 ? "" : "s");
}

void observe_best(Call c, int64_t epoch, double metric, bool larger, StopMemory& m) {
  if (is_better(metric, m.best, larger, c.real("min_delta"))) {
    m.best = metric;
    m.best_epoch = static_cast<double>(epoch);
    m.bad_epochs = 0;
  } else {
    ++m.bad_epochs;
  }
}

constexpr double kMost = 1e15;

std::string check_steps(Call c) { return within(c, "count", 1, kMost); }

std::string check_seconds(Call c) { return above_zero(c, "limit"); }

std::string check_below(Call c) {
  return std::isfinite(c.real("limit")) ? "" : "loss_below's 'limit' is a number";
}

std::string check_patience(Call c) {
  return first_fault({within(c, "epochs", 1, kMost), at_least(c, "min_delta", 0), check_mode(c)});
}

constexpr StopRow kRows[] = {
    {{"steps", "count: int", check_steps, "after so many steps of the run"},
     enough_steps,
     why_steps,
     nullptr,
     true},
    {{"seconds", "limit: real", check_seconds,
      "after the first step that ends so many seconds after the run began"},
     time_is_up,
     why_seconds,
     nullptr,
     true},
    {{"loss_below", "limit: real, metric: text = \"loss\"", check_below,
      "after an epoch whose loss, or another metric, is below the limit"},
     is_below,
     why_below,
     observe_last},
    {{"patience",
      "epochs: int, metric: text = none, mode: text = \"auto\", min_delta: real = 0, restore_best: flag = "
      "true",
      check_patience, "when the metric has not improved by more than min_delta for so many epochs"},
     out_of_patience,
     why_patience,
     observe_best},
};

}  // namespace

std::span<const StopRow> all_stops() { return kRows; }

const StopRow& stop_row(std::string_view name) {
  const StopRow* row = kRows;
  while (row->call.name != name) ++row;
  return *row;
}

bool restores_best(const CallSpec& rule) { return rule.has("restore_best") && rule.flag("restore_best"); }

}  // namespace nnc
