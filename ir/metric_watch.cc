#include "ir/metric_watch.h"

#include <algorithm>
#include <limits>

namespace nnc {
namespace {

constexpr std::string_view kParts[] = {"", "val_", "test_"};

}  // namespace

std::vector<std::string> watchable(std::span<const MeasureSpec> measures) {
  std::vector<std::string> out;
  for (std::string_view part : kParts) {
    for (const MeasureSpec& m : measures) {
      if (m.has_value) out.push_back(std::string(part) + m.name);
    }
  }
  return out;
}

Watched watched(std::string_view name, std::span<const MeasureSpec> measures) {
  for (std::string_view part : kParts) {
    for (const MeasureSpec& m : measures) {
      if (m.has_value && name.starts_with(part) && name.substr(part.size()) == m.name) return {&m, part};
    }
  }
  return {};
}

std::vector<const CallSpec*> watchers(const TrainSpec& spec) {
  std::vector<const CallSpec*> out;
  for (const std::vector<CallSpec>* calls : {&spec.schedules, &spec.stops}) {
    for (const CallSpec& call : *calls) {
      if (call.has("metric") && call.given("metric")) out.push_back(&call);
    }
  }
  return out;
}

bool larger_is_better(const CallSpec& call, std::span<const MeasureSpec> measures) {
  if (call.text("mode") != "auto") return call.text("mode") == "max";
  if (!call.given("metric")) return false;  // the loss
  const MeasureSpec* measure = watched(call.text("metric"), measures).measure;
  return measure != nullptr && measure->larger_is_better;
}

std::string check_mode(const CallSpec& call) { return one_of(call, "mode", {"auto", "min", "max"}); }

double worst_metric(bool larger_is_better) {
  double inf = std::numeric_limits<double>::infinity();
  return larger_is_better ? -inf : inf;
}

bool is_better(double value, double best, bool larger_is_better, double margin) {
  return larger_is_better ? value > best + margin : value < best - margin;
}

}  // namespace nnc
