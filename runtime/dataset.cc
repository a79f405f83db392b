#include "runtime/dataset.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runtime/batches.h"

namespace nnc {

bool Column::is_missing(int64_t sample) const {
  if (!gaps || values.rank() != 1) return false;
  return is_text() ? values.get_int(sample) < 0 : std::isnan(values.get(sample));
}

std::string Column::place_of(int64_t sample) const {
  return lines.empty() ? place : fmt::format("{}:{}", place, lines[static_cast<size_t>(sample)]);
}

void Column::spoil(int64_t sample, const std::string& why) {
  if (problem.empty()) problem = fmt::format("{}: column '{}': {}", place_of(sample), name, why);
}

Column* find_column(Table& table, const std::string& name) {
  auto found = std::ranges::find(table, name, &Column::name);
  return found == table.end() ? nullptr : &*found;
}

std::optional<int64_t> first_missing(const Column& column) {
  for (int64_t i = 0; column.gaps && i < column.samples(); ++i) {
    if (column.is_missing(i)) return i;
  }
  return std::nullopt;
}

Table take_rows(const Table& table, const std::vector<int64_t>& rows) {
  Table out;
  for (const Column& c : table) {
    std::vector<int64_t> shape = c.values.shape();
    shape[0] = static_cast<int64_t>(rows.size());
    Tensor values(c.values.dtype(), std::move(shape));
    gather_rows(c.values, rows, values.bytes());
    std::vector<uint32_t> lines;
    for (int64_t row : rows) {
      if (!c.lines.empty()) lines.push_back(c.lines[static_cast<size_t>(row)]);
    }
    out.push_back(
        {c.name, std::move(values), c.role, c.classes, c.place, c.problem, c.gaps, std::move(lines)});
  }
  return out;
}

}  // namespace nnc
