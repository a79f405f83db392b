#include "runtime/stopping.h"

#include <algorithm>
#include <limits>

#include "ir/metric_watch.h"

namespace nnc {
namespace {

constexpr double StopMemory::*kMemory[] = {&StopMemory::last, &StopMemory::best, &StopMemory::best_epoch,
                                           &StopMemory::bad_epochs};

}  // namespace

Stopping::Stopping(std::vector<CallSpec> rules, std::span<const MeasureSpec> measures) {
  for (CallSpec& call : rules) {
    bool larger = call.has("mode") && larger_is_better(call, measures);
    std::string metric = call.has("metric") && call.given("metric") ? call.text("metric") : "the loss";
    rules_.push_back({std::move(call), larger, {}, std::move(metric)});
  }
  reset();
}

void Stopping::reset() {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  for (Rule& r : rules_) r.memory = {.last = kNone, .best = worst_metric(r.larger_is_better)};
  start_.reset();
}

void Stopping::start_clock() {
  if (!start_) start_ = Clock::now();
}

StopView Stopping::view(const Rule& rule, int64_t steps) const {
  double seconds = start_ ? std::chrono::duration<double>(Clock::now() - *start_).count() : 0;
  return {steps, seconds, &rule.memory, rule.metric};
}

const CallSpec* Stopping::due(int64_t steps) const {
  for (const Rule& r : rules_) {
    if (stop_row(r.call.name).due(r.call, view(r, steps))) return &r.call;
  }
  return nullptr;
}

std::string Stopping::why(const CallSpec& rule, int64_t steps) const {
  auto it = std::ranges::find_if(rules_, [&](const Rule& r) { return &r.call == &rule; });
  return stop_row(rule.name).why(rule, view(*it, steps));
}

void Stopping::after_epoch(const EpochReport& report) {
  for (Rule& r : rules_) {
    if (!r.watches()) continue;
    r.metric = watched_name(report, r.call);
    stop_row(r.call.name)
        .observe(r.call, report.epoch, watched_value(report, r.call), r.larger_is_better, r.memory);
  }
}

bool Stopping::keeps_best() const {
  return std::ranges::any_of(rules_, [](const Rule& r) { return restores_best(r.call); });
}

int64_t Stopping::best_epoch() const {
  for (const Rule& r : rules_) {
    if (restores_best(r.call)) return static_cast<int64_t>(r.memory.best_epoch);
  }
  return 0;
}

std::vector<double> Stopping::memory() const {
  std::vector<double> out;
  for (const Rule& r : rules_) {
    for (auto number : kMemory) {
      if (r.watches()) out.push_back(r.memory.*number);
    }
  }
  return out;
}

void Stopping::set_memory(std::span<const double> numbers) {
  size_t at = 0;
  for (Rule& r : rules_) {
    for (auto number : kMemory) {
      if (r.watches()) r.memory.*number = numbers[at++];
    }
  }
}

std::string Stopping::watching() const {
  std::vector<CallSpec> calls;
  for (const Rule& r : rules_) {
    if (r.watches()) calls.push_back(r.call);
  }
  return str(calls);
}

}  // namespace nnc
