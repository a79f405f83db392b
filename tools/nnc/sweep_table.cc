#include "tools/nnc/sweep_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/nnc/number_text.h"

namespace nnc::tool {
namespace {

std::vector<double> values_of(const SweepRow& row) {
  std::vector<double> out;
  for (const SweepRun& r : row.runs) {
    if (r.done && r.failure.empty()) out.push_back(r.value);
  }
  return out;
}

void sort_rows(const SweepMetric& metric, std::vector<SweepRow>& rows) {
  std::erase_if(rows, [](const SweepRow& r) { return r.done() == 0; });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const SweepRow& a, const SweepRow& b) { return metric.before(a, b); });
}

// The first reason, and of how many runs.
std::string failure_text(const SweepRow& row) {
  auto first =
      std::find_if(row.runs.begin(), row.runs.end(), [](const SweepRun& r) { return !r.failure.empty(); });
  if (first == row.runs.end()) return "";
  if (row.runs.size() == 1) return "failed: " + first->failure;
  return fmt::format("{} of {} failed: {}", row.failed(), row.runs.size(), first->failure);
}

std::string value_text(const SweepRow& row) {
  if (std::isnan(row.mean())) return "-";
  std::string out = short_number(row.mean());
  if (!std::isnan(row.deviation())) out += " ± " + short_number(row.deviation());
  return out;
}

std::vector<std::string> cells_of(const SweepRow& row) {
  std::vector<std::string> out = row.values;
  out.push_back(value_text(row));
  out.push_back(fmt::format("{:.1f}", row.seconds()));
  out.push_back(failure_text(row));
  if (!row.complete()) out.back() = fmt::format("{} of {} runs", row.done(), row.runs.size());
  return out;
}

size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string aligned(const std::vector<std::vector<std::string>>& lines) {
  std::vector<size_t> widths(lines[0].size());
  for (const std::vector<std::string>& line : lines) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], width_of(line[c]));
  }
  std::string out;
  for (const std::vector<std::string>& line : lines) {
    std::string text;
    for (size_t c = 0; c < line.size(); ++c)
      text += line[c] + std::string(widths[c] - width_of(line[c]) + 2, ' ');
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

nlohmann::ordered_json number_or_null(double x) {
  return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json();
}

nlohmann::ordered_json json_of(const SweepRun& run, const std::string& metric) {
  nlohmann::ordered_json out{{"fold", run.fold}, {"seed", run.seed}};
  if (run.failure.empty())
    out[metric] = number_or_null(run.value);
  else
    out["failure"] = run.failure;
  out["seconds"] = run.seconds;
  return out;
}

}  // namespace

bool SweepRow::complete() const { return done() == runs.size(); }

size_t SweepRow::done() const {
  return static_cast<size_t>(
      std::count_if(runs.begin(), runs.end(), [](const SweepRun& r) { return r.done; }));
}

size_t SweepRow::failed() const {
  return static_cast<size_t>(
      std::count_if(runs.begin(), runs.end(), [](const SweepRun& r) { return !r.failure.empty(); }));
}

double SweepRow::seconds() const {
  double sum = 0;
  for (const SweepRun& r : runs) sum += r.seconds;
  return sum;
}

double SweepRow::mean() const {
  double sum = 0;
  std::vector<double> values = values_of(*this);
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double SweepRow::deviation() const {
  std::vector<double> values = values_of(*this);
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0, middle = mean();
  for (double v : values) sum += (v - middle) * (v - middle);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

bool SweepMetric::before(const SweepRow& a, const SweepRow& b) const {
  if ((a.failed() > 0) != (b.failed() > 0)) return a.failed() == 0;
  double x = a.mean(), y = b.mean();
  if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
  return larger_is_better ? x > y : x < y;
}

std::string sweep_table(const std::vector<GridAxis>& axes, const SweepMetric& metric,
                        std::vector<SweepRow> rows) {
  sort_rows(metric, rows);
  std::vector<std::vector<std::string>> lines(1);
  for (const GridAxis& axis : axes) lines[0].push_back(axis.name);
  lines[0].insert(lines[0].end(), {metric.name, "seconds", ""});
  for (const SweepRow& row : rows) lines.push_back(cells_of(row));
  return aligned(lines);
}

std::string sweep_json(const std::vector<GridAxis>& axes, const SweepMetric& metric,
                       std::vector<SweepRow> rows) {
  sort_rows(metric, rows);
  std::string out;
  for (const SweepRow& row : rows) {
    nlohmann::ordered_json line, settings = nlohmann::ordered_json::object();
    for (size_t i = 0; i < axes.size(); ++i) settings[axes[i].name] = row.values[i];
    line["settings"] = settings;
    line["metric"] = metric.name;
    line["mean"] = number_or_null(row.mean());
    line["deviation"] = number_or_null(row.deviation());
    line["failed"] = row.failed();
    line["complete"] = row.complete();
    line["seconds"] = row.seconds();
    line["runs"] = nlohmann::ordered_json::array();
    for (const SweepRun& run : row.runs) {
      if (run.done) line["runs"].push_back(json_of(run, metric.name));
    }
    out += line.dump() + "\n";
  }
  return out;
}

}  // namespace nnc::tool
