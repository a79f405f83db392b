#include "runtime/epoch_report.h"

#include <limits>

namespace nnc {

std::optional<double> value_of(const EpochReport& report, std::string_view name) {
  const std::pair<std::string_view, const std::vector<Measure>*> parts[] = {
      {"", &report.train}, {"val_", &report.validation}, {"test_", &report.test}};
  for (const auto& [prefix, measures] : parts) {
    if (!name.starts_with(prefix)) continue;
    for (const Measure& m : *measures) {
      if (m.has_value && m.name == name.substr(prefix.size())) return m.value;
    }
  }
  return std::nullopt;
}

double deciding_loss(const EpochReport& report) {
  for (const std::vector<Measure>* part : {&report.validation, &report.test}) {
    if (!part->empty()) return part->front().value;
  }
  return report.train.front().value;
}

double watched_value(const EpochReport& report, const CallSpec& watcher) {
  if (!watcher.given("metric")) return deciding_loss(report);
  return value_of(report, watcher.text("metric")).value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace nnc
