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

const std::string& Column::name_of_first() const {
  int64_t value = values.get_int(0);
  return classes[static_cast<size_t>(codes ? (*codes)[static_cast<size_t>(value)] : value)];
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

namespace {

std::vector<uint32_t> lines_of(const Column& column, const std::vector<int64_t>& rows) {
  std::vector<uint32_t> out;
  for (int64_t row : rows) {
    if (!column.lines.empty()) out.push_back(column.lines[static_cast<size_t>(row)]);
  }
  return out;
}

Tensor copied(const Tensor& values, const std::vector<int64_t>& rows) {
  std::vector<int64_t> shape = values.shape();
  shape[0] = static_cast<int64_t>(rows.size());
  Tensor out(values.dtype(), std::move(shape));
  gather_rows(values, rows, out.bytes());
  return out;
}

RowList composed(const RowList& outer, const RowList& rows) {
  if (!outer) return rows;
  std::vector<int64_t> out;
  for (int64_t row : *rows) out.push_back((*outer)[static_cast<size_t>(row)]);
  return std::make_shared<const std::vector<int64_t>>(std::move(out));
}

}  // namespace

Table take_rows(const Table& table, const std::vector<int64_t>& rows) {
  Table out;
  auto shared = std::make_shared<const std::vector<int64_t>>(rows);
  for (const Column& c : table) {
    bool view = c.values.is_view();
    out.push_back({c.name, view ? c.values : copied(c.values, rows), c.role, c.classes, c.place, c.problem,
                   c.gaps, lines_of(c, rows), view ? composed(c.rows, shared) : nullptr, c.codes});
  }
  return out;
}

}  // namespace nnc
