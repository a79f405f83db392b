#include "tools/nnc/epoch_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "tools/nnc/epoch_line.h"
#include "tools/nnc/number_text.h"
#include "tools/nnc/progress.h"

namespace nnc::tool {
namespace {

constexpr size_t kNumber = 9, kGap = 2;
constexpr int kTime = 7, kRate = 8,
              kStepTime = 1001;  // how expendable; measures beyond the first are 10 and more

size_t width_of(const TableCell& c) { return std::max({c.name.size(), c.text.size(), kNumber}); }

// The loss and the first metric of the part that is there to choose by tell most.
std::vector<TableCell> measure_cells(const EpochReport& r) {
  struct Part {
    const char* prefix;
    const std::vector<Measure>& measures;
    int loss, metric;
  };
  const Part parts[] = {{"", r.train, 0, 4}, {"val_", r.validation, 1, 2}, {"test_", r.test, 3, 5}};
  std::vector<TableCell> out;
  for (const Part& part : parts) {
    for (size_t m = 0; m < part.measures.size(); ++m) {
      const Measure& measure = part.measures[m];
      int expendable = m == 0 ? part.loss : m == 1 ? part.metric : 10 * static_cast<int>(m) + part.metric;
      if (measure.has_value)
        out.push_back({part.prefix + measure.name, short_number(measure.value, kNumber), expendable});
    }
  }
  return out;
}

std::vector<TableCell> cells_of(const EpochReport& r, const nlohmann::ordered_json& line) {
  std::vector<TableCell> out = measure_cells(r);
  out.push_back({"seconds", fmt::format("{:.2f}", r.seconds), kTime});
  if (line.contains("lr")) out.push_back({"lr", short_number(line["lr"], kNumber), kRate});
  out.push_back({"ms/step", fmt::format("{:.{}f}", r.ms_per_step, r.ms_per_step < 1e3 ? 3 : 0), kStepTime});
  return out;
}

/// Takes out what does not fit behind `first` characters; returns the names of the measures among that.
std::vector<std::string> fit(std::vector<TableCell>& cells, size_t first, size_t columns) {
  std::vector<std::string> out;
  auto width = [&] {
    for (size_t sum = first; const TableCell& c : cells) {
      if ((sum += kGap + width_of(c)) >= columns) return false;
    }
    return true;
  };
  while (!cells.empty() && !width()) {
    auto last = std::ranges::max_element(cells, {}, &TableCell::expendable);
    if (last->expendable != kTime && last->expendable != kRate && last->expendable != kStepTime)
      out.push_back(last->name);
    cells.erase(last);
  }
  return out;
}

std::string note_on(const std::vector<std::string>& hidden, size_t columns) {
  if (hidden.empty()) return "";
  std::vector<ProgressPart> parts = {{"not shown:", 0}};
  for (size_t i = 0; i < hidden.size(); ++i) parts.push_back({hidden[i], static_cast<int>(i) + 1});
  return fit_line(std::move(parts), columns - 1) + "\n";
}

}  // namespace

std::string EpochTable::row(const EpochReport& r, const nlohmann::ordered_json& line, size_t columns) {
  std::string epoch = epoch_number(r.epoch, epochs_);
  size_t first = std::max<size_t>(5, epoch_width(epochs_));
  std::vector<TableCell> cells = cells_of(r, line);
  std::vector<std::string> hidden = fit(cells, first, columns);
  std::string header = fmt::format("{:>{}}", "epoch", first), row = fmt::format("{:>{}}", epoch, first);
  for (const TableCell& c : cells) {
    header += fmt::format("{:>{}}", c.name, kGap + width_of(c));
    row += fmt::format("{:>{}}", c.text, kGap + width_of(c));
  }
  row += "\n";
  if (header == header_) return row;
  header_ = header;
  return note_on(hidden, columns) + header + "\n" + row;
}

}  // namespace nnc::tool
