#include "runtime/epoch_report.h"

#include <limits>

namespace nnc {

namespace {

std::string_view deciding_loss_name(const EpochReport& report) {
  return !report.validation.empty() ? "val_loss" : !report.test.empty() ? "test_loss" : "loss";
}

}  // namespace

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

double deciding_loss(const EpochReport& report) { return *value_of(report, deciding_loss_name(report)); }

double watched_value(const EpochReport& report, const CallSpec& watcher) {
  if (!watcher.given("metric")) return deciding_loss(report);
  return value_of(report, watcher.text("metric")).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::string watched_name(const EpochReport& report, const CallSpec& watcher) {
  return watcher.given("metric") ? watcher.text("metric") : std::string(deciding_loss_name(report));
}

}  // namespace nnc
