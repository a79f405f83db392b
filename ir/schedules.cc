#include "ir/schedules.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ir/metric_watch.h"

namespace nnc {
namespace {

using Call = const CallSpec&;
using Time = const ScheduleTime&;

double number(int64_t x) { return static_cast<double>(x); }

double constant(Call c, Time now) {
  return now.t < c.integer("total_iters") ? now.base * c.real("factor") : now.base;
}

double linear(Call c, Time now) {
  double total = number(c.integer("total_iters")), start = c.real("start_factor");
  return now.base * (start + (c.real("end_factor") - start) * std::min(number(now.t), total) / total);
}

double step(Call c, Time now) {
  return now.base * std::pow(c.real("gamma"), number(now.t / c.integer("step_size")));
}

double multi_step(Call c, Time now) {
  auto passed = std::ranges::count_if(c.integers("milestones"), [&](int64_t m) { return m <= now.t; });
  return now.base * std::pow(c.real("gamma"), number(passed));
}

double exponential(Call c, Time now) { return now.base * std::pow(c.real("gamma"), number(now.t)); }

double polynomial(Call c, Time now) {
  double total = number(c.integer("total_iters"));
  return now.base * std::pow(1 - std::min(number(now.t), total) / total, c.real("power"));
}

// From `from` to `to` along half a cosine; Loshchilov & Hutter, arXiv:1608.03983.
double half_cosine(double from, double to, double share) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

double cosine(Call c, Time now) {
  return half_cosine(now.base, c.real("eta_min"), number(now.t) / number(c.integer("T_max")));
}

double cosine_restarts(Call c, Time now) {
  int64_t t = now.t, period = c.integer("T_0"), factor = c.integer("T_mult");
  if (factor == 1) t %= period;
  while (t >= period) {
    t -= period;
    period *= factor;
  }
  return half_cosine(now.base, c.real("eta_min"), number(t) / number(period));
}

int64_t one_cycle_length(Call c, int64_t steps_per_epoch) {
  if (c.given("total_steps")) return c.integer("total_steps");
  return c.integer("epochs") * (counts_steps(c) ? steps_per_epoch : 1);
}

// Smith & Topin, arXiv:1708.07120. Phases end at `ends` at the rates `rates`; a third one comes back up to the start's
// rate before it goes below it. After the last the rate stays.
double one_cycle(Call c, Time now) {
  double last = number(one_cycle_length(c, now.steps_per_epoch)) - 1, t = std::min(number(now.t), last);
  double peak = c.real("pct_start") * (last + 1), top = c.real("max_lr");
  double low = top / c.real("div_factor"), end = low / c.real("final_div_factor");
  std::vector<double> ends{0, peak - 1, last}, rates{low, top, end};
  if (c.flag("three_phase")) {
    ends = {0, peak - 1, 2 * peak - 2, last};
    rates = {low, top, low, end};
  }
  size_t phase = 1;
  while (phase + 1 < ends.size() && t > ends[phase]) ++phase;
  double length = ends[phase] - ends[phase - 1];
  double share = length > 0 ? (t - ends[phase - 1]) / length : 1;
  double from = rates[phase - 1], to = rates[phase];
  return c.text("anneal_strategy") == "cos" ? half_cosine(from, to, share) : from + (to - from) * share;
}

double plateau_rate(Call, Time now) { return now.plateau->rate; }

bool improves(Call c, double metric, bool larger, double best) {
  double threshold = c.real("threshold");
  if (c.text("threshold_mode") == "abs") return is_better(metric, best, larger, threshold);
  return is_better(metric, best * (larger ? 1 + threshold : 1 - threshold), larger, 0);
}

void observe_plateau(Call c, double metric, bool larger, Plateau& p) {
  bool better = improves(c, metric, larger, p.best);
  if (better) p.best = metric;
  p.bad_epochs = better ? 0 : p.bad_epochs + 1;
  if (p.cooldown > 0) {
    --p.cooldown;
    p.bad_epochs = 0;
  }
  if (p.bad_epochs <= number(c.integer("patience"))) return;
  double lower = std::max(p.rate * c.real("factor"), c.real("min_lr"));
  if (p.rate - lower > c.real("eps")) p.rate = lower;
  p.cooldown = number(c.integer("cooldown"));
  p.bad_epochs = 0;
}

// Lengths and counts of epochs or steps; larger ones would overflow where they meet.
constexpr double kMostSteps = 1e9;

std::string check_count(Call c, std::string_view arg) { return within(c, arg, 1, kMostSteps); }

std::string check_time(Call c) {
  return first_fault({one_of(c, "per", {"epoch", "step"}), check_count(c, "length")});
}

template <const char* arg>
int64_t length_of(Call c, int64_t) {
  return c.integer(arg);
}

constexpr char kTotalIters[] = "total_iters", kTMax[] = "T_max";

std::string check_constant(Call c) {
  return first_fault({at_least(c, "factor", 0), check_count(c, "total_iters"), check_time(c)});
}

std::string check_linear(Call c) {
  return first_fault({at_least(c, "start_factor", 0), at_least(c, "end_factor", 0),
                      check_count(c, "total_iters"), check_time(c)});
}

std::string check_step(Call c) {
  return first_fault({check_count(c, "step_size"), at_least(c, "gamma", 0), check_time(c)});
}

std::string check_multi_step(Call c) {
  if (std::ranges::any_of(c.integers("milestones"), [](int64_t m) { return m < 0; }))
    return "multi_step's 'milestones' are counts from 0";
  return first_fault({at_least(c, "gamma", 0), check_time(c)});
}

std::string check_gamma(Call c) { return first_fault({at_least(c, "gamma", 0), check_time(c)}); }

std::string check_polynomial(Call c) {
  return first_fault({check_count(c, "total_iters"), above_zero(c, "power"), check_time(c)});
}

std::string check_cosine(Call c) {
  return first_fault({check_count(c, "T_max"), at_least(c, "eta_min", 0), check_time(c)});
}

std::string check_restarts(Call c) {
  return first_fault(
      {check_count(c, "T_0"), within(c, "T_mult", 1, 1000), at_least(c, "eta_min", 0), check_time(c)});
}

std::string check_one_cycle(Call c) {
  double latest = c.flag("three_phase") ? 0.5 : 1;
  std::string fault = first_fault(
      {above_zero(c, "max_lr"), at_least(c, "max_lr", 0), check_count(c, "total_steps"),
       check_count(c, "epochs"), within(c, "pct_start", 0, latest), at_least(c, "div_factor", 1),
       at_least(c, "final_div_factor", 1), one_of(c, "anneal_strategy", {"cos", "linear"}), check_time(c)});
  if (!fault.empty() || c.given("total_steps") != c.given("epochs")) return fault;
  return "one_cycle needs its length: either total_steps or epochs";
}

std::string check_plateau(Call c) {
  std::string fault =
      first_fault({check_mode(c), within(c, "factor", 0, 1), within(c, "patience", 0, kMostSteps),
                   at_least(c, "threshold", 0), one_of(c, "threshold_mode", {"rel", "abs"}),
                   within(c, "cooldown", 0, kMostSteps), at_least(c, "min_lr", 0), at_least(c, "eps", 0),
                   check_count(c, "length")});
  if (!fault.empty() || c.real("factor") < 1) return fault;
  return "reduce_on_plateau's 'factor' is below 1, or it would reduce nothing";
}

constexpr ScheduleRow kRows[] = {
    {{"constant",
      "factor: real = 0.3333333333333333, total_iters: int = 5, per: text = \"epoch\", length: int = none",
      check_constant, "lr times factor until total_iters, then lr"},
     constant,
     length_of<kTotalIters>,
     nullptr},
    {{"linear",
      "start_factor: real = 0.3333333333333333, end_factor: real = 1, total_iters: int = 5, "
      "per: text = \"epoch\", length: int = none",
      check_linear, "lr times a factor that goes from start to end over total_iters: a warm-up"},
     linear,
     length_of<kTotalIters>,
     nullptr},
    {{"step", "step_size: int, gamma: real = 0.1, per: text = \"epoch\", length: int = none", check_step,
      "times gamma every step_size"},
     step,
     nullptr,
     nullptr},
    {{"multi_step", "milestones: ints, gamma: real = 0.1, per: text = \"epoch\", length: int = none",
      check_multi_step, "times gamma at every milestone"},
     multi_step,
     nullptr,
     nullptr},
    {{"exponential", "gamma: real, per: text = \"epoch\", length: int = none", check_gamma,
      "times gamma every time"},
     exponential,
     nullptr,
     nullptr},
    {{"polynomial", "total_iters: int = 5, power: real = 1, per: text = \"epoch\", length: int = none",
      check_polynomial, "lr (1 - t / total_iters)^power, down to 0"},
     polynomial,
     length_of<kTotalIters>,
     nullptr},
    {{"cosine", "T_max: int, eta_min: real = 0, per: text = \"epoch\", length: int = none", check_cosine,
      "along a cosine from lr to eta_min, which it reaches at T_max"},
     cosine,
     length_of<kTMax>,
     nullptr},
    {{"cosine_restarts",
      "T_0: int, T_mult: int = 1, eta_min: real = 0, per: text = \"epoch\", length: int = none",
      check_restarts, "the same again and again, each time T_mult times as long"},
     cosine_restarts,
     nullptr,
     nullptr},
    {{"one_cycle",
      "max_lr: real, total_steps: int = none, epochs: int = none, pct_start: real = 0.3, "
      "anneal_strategy: text = \"cos\", div_factor: real = 25, final_div_factor: real = 10000, "
      "three_phase: flag = false, per: text = \"step\", length: int = none",
      check_one_cycle,
      "up from max_lr / div_factor to max_lr for a share pct_start of the time, then far down"},
     one_cycle,
     one_cycle_length,
     nullptr},
    {{"reduce_on_plateau",
      "metric: text = none, mode: text = \"auto\", factor: real = 0.1, patience: int = 10, "
      "threshold: real = 1e-4, threshold_mode: text = \"rel\", cooldown: int = 0, min_lr: real = 0, "
      "eps: real = 1e-8, length: int = none",
      check_plateau, "times factor when the metric has not improved for more than patience epochs"},
     plateau_rate,
     nullptr,
     observe_plateau},
};

// Of the schedule; -1 where it has no end.
int64_t length_of_schedule(Call c, int64_t steps_per_epoch) {
  if (c.given("length")) return c.integer("length");
  const ScheduleRow& row = schedule_row(c.name);
  return row.length ? row.length(c, steps_per_epoch) : -1;
}

}  // namespace

std::span<const ScheduleRow> all_schedules() { return kRows; }

const ScheduleRow& schedule_row(std::string_view name) {
  const ScheduleRow* row = kRows;
  while (row->call.name != name) ++row;
  return *row;
}

bool counts_steps(const CallSpec& schedule) {
  return schedule_row(schedule.name).observe == nullptr && schedule.text("per") == "step";
}

// Begins are kept in both units: one that counts epochs may begin in the middle of an epoch, which is then its first.
SchedulePlace place_in(std::span<const CallSpec> schedules, int64_t epochs, int64_t steps,
                       int64_t steps_per_epoch) {
  int64_t first_epoch = 0, first_step = 0;
  for (size_t i = 0;; ++i) {
    bool by_step = counts_steps(schedules[i]);
    int64_t t = by_step ? steps - first_step : epochs - first_epoch;
    int64_t length = length_of_schedule(schedules[i], steps_per_epoch);
    if (i + 1 == schedules.size() || t < length) return {i, t};
    first_step = by_step ? first_step + length : (first_epoch + length) * steps_per_epoch;
    first_epoch = first_step / steps_per_epoch;
  }
}

const CallSpec* endless_before_last(std::span<const CallSpec> schedules) {
  for (size_t i = 0; i + 1 < schedules.size(); ++i) {
    if (length_of_schedule(schedules[i], 1) < 0) return &schedules[i];
  }
  return nullptr;
}

}  // namespace nnc
