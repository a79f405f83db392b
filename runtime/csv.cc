// Reads CSV files with a header: each column as f64 numbers or, where its first value is none, as text whose
// distinct values are classes. A value that does not fit its column spoils the column, not the file: the
// Error comes when a model uses that column, so that columns nobody asks for may hold anything.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/csv_cells.h"
#include "runtime/data_source.h"
#include "runtime/file.h"

namespace nnc {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = status == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string shortened(std::string_view text) {
  return text.size() <= 40 ? std::string(text) : std::string(text.substr(0, 37)) + "...";
}

/// One file, cut, and the records of it that are used.
struct Csv {
  std::string path, text;
  CsvCells cells;
  std::vector<size_t> records;

  std::string_view at(size_t record, size_t column) const { return trimmed(cells.at(record, column)); }
  std::string place(size_t record) const { return fmt::format("{}:{}", path, cells.lines[record]); }
  std::string message(size_t record, size_t column, std::string_view what) const {
    return fmt::format("{}: column '{}': {}", place(record), shortened(at(0, column)), what);
  }
};

bool has_missing_value(const Csv& csv, size_t record) {
  for (size_t c = 0; c < csv.cells.columns; ++c) {
    if (csv.at(record, c).empty()) return true;
  }
  return false;
}

void check_names(const Csv& csv) {
  std::map<std::string_view, size_t> seen;
  for (size_t c = 0; c < csv.cells.columns; ++c) {
    std::string_view name = csv.at(0, c);
    if (name.empty()) throw Error(fmt::format("{}: column {} has no name", csv.place(0), c + 1));
    auto [other, added] = seen.emplace(name, c);
    if (!added) {
      throw Error(fmt::format("{}: columns {} and {} are both named '{}'", csv.place(0), other->second + 1,
                              c + 1, shortened(name)));
    }
  }
}

void open_csv(Csv& csv, const std::string& path, bool skip_missing) {
  csv.path = path;
  csv.text = read_file_or_gzip(path);
  csv.cells = cut_csv(csv.text, path);
  if (csv.cells.records() == 0) throw Error(path + ": the file is empty");
  check_names(csv);
  for (size_t r = 1; r < csv.cells.records(); ++r) {
    if (!skip_missing || !has_missing_value(csv, r)) csv.records.push_back(r);
  }
  if (csv.records.empty()) throw Error(path + ": no samples follow the header");
}

/// The distinct values of a text column, sorted.
std::vector<std::string_view> distinct_values(const Csv& csv, size_t column) {
  std::vector<std::string_view> values;
  for (size_t r : csv.records) values.push_back(csv.at(r, column));
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

Column empty_column(const Csv& csv, size_t column, DType dtype) {
  return {std::string(csv.at(0, column)),
          Tensor(dtype, {static_cast<int64_t>(csv.records.size())}),
          ColumnRole::Any,
          {},
          csv.place(csv.records[0]),
          ""};
}

Column text_column(const Csv& csv, size_t column, std::span<const std::string_view> classes) {
  Column out = empty_column(csv, column, DType::I32);
  out.classes.assign(classes.begin(), classes.end());
  for (size_t i = 0; i < csv.records.size(); ++i) {
    std::string_view value = csv.at(csv.records[i], column);
    auto at = std::ranges::lower_bound(classes, value);
    out.values.as<int32_t>()[i] = static_cast<int32_t>(at - classes.begin());
    bool known = at != classes.end() && *at == value;
    if ((known && !value.empty()) || !out.problem.empty()) continue;
    std::string what = fmt::format("'{}' does not occur in the training data", shortened(value));
    out.problem = csv.message(csv.records[i], column, value.empty() ? "no value" : what);
  }
  return out;
}

Column number_column(const Csv& csv, size_t column) {
  Column out = empty_column(csv, column, DType::F64);
  for (size_t i = 0; i < csv.records.size(); ++i) {
    std::string_view text = csv.at(csv.records[i], column);
    std::optional<double> value = number(text);
    out.values.as<double>()[i] = value.value_or(0);
    if (value || !out.problem.empty()) continue;
    std::string what =
        text.empty() ? "no value" : fmt::format("'{}' is not a finite number", shortened(text));
    out.problem = csv.message(csv.records[i], column, what);
  }
  return out;
}

/// A column is text when the first value it has is no number.
bool is_text(const Csv& csv, size_t column) {
  for (size_t r : csv.records) {
    if (!csv.at(r, column).empty()) return !number(csv.at(r, column));
  }
  return false;
}

/// The column of `csv` that has the name of the training file's `column`.
size_t same_column(const Csv& csv, const Csv& train, size_t column) {
  for (size_t c = 0; c < csv.cells.columns; ++c) {
    if (csv.at(0, c) == train.at(0, column)) return c;
  }
  throw Error(
      fmt::format("{}: there is no column '{}' as in {}", csv.place(0), train.at(0, column), train.path));
}

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> out;
  for (const Column& c : table) out.push_back(c.name);
  return out;
}

size_t find_column(const Table& table, const std::string& name, const std::string& path) {
  for (size_t c = 0; c < table.size(); ++c) {
    if (table[c].name == name) return c;
  }
  std::vector<std::string> names = names_of(table);
  auto near = suggest(name, names);
  throw Error(fmt::format("{}: there is no column '{}'", path, name),
              {near ? fmt::format("did you mean '{}'?", *near)
                    : fmt::format("the columns are {}", fmt::join(names, ", "))});
}

/// "a, b" -> a, b.
std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    out.emplace_back(trimmed(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

Dataset read_files(const std::string& path, const std::string& test_path, bool skip_missing) {
  Csv train, test;
  open_csv(train, path, skip_missing);
  if (!test_path.empty()) open_csv(test, test_path, skip_missing);
  Dataset out;
  for (size_t c = 0; c < train.cells.columns; ++c) {
    size_t test_column = test_path.empty() ? c : same_column(test, train, c);
    if (!is_text(train, c)) {
      out.train.push_back(number_column(train, c));
      if (!test_path.empty()) out.test.push_back(number_column(test, test_column));
      continue;
    }
    std::vector<std::string_view> classes = distinct_values(train, c);
    out.train.push_back(text_column(train, c, classes));
    if (!test_path.empty()) out.test.push_back(text_column(test, test_column, classes));
  }
  return out;
}

void check_choices(const DataArguments& a) {
  const std::string& missing = a.text("missing");
  if (missing != "error" && missing != "skip")
    throw Error(fmt::format("csv: missing is '{}', not 'error' or 'skip'", missing));
}

Dataset load(const DataArguments& a) {
  check_choices(a);
  const std::string& path = a.text("path");
  Dataset out = read_files(path, a.text("test"), a.text("missing") == "skip");
  for (const std::string& name : list_of(a.text("drop"))) {
    auto column = static_cast<std::ptrdiff_t>(find_column(out.train, name, path));
    out.train.erase(out.train.begin() + column);
    if (!out.test.empty()) out.test.erase(out.test.begin() + column);
  }
  if (const std::string& target = a.text("target"); !target.empty()) {
    size_t column = find_column(out.train, target, path);
    out.train[column].role = ColumnRole::Label;
    if (!out.test.empty()) out.test[column].role = ColumnRole::Label;
  }
  return out;
}

}  // namespace

DataSource csv_source() {
  return {"csv",
          "a table with a header; columns by name, text columns become class indices in sorted order",
          {{"path", std::string(), true, true, "the file"},
           {"target", std::string(), false, false,
            "the column that is the target, where the target has another name"},
           {"test", std::string(), false, true, "a file of test samples with the same columns"},
           {"drop", std::string(), false, false, "columns to leave out, separated by commas"},
           {"missing", std::string("error"), false, false,
            "'skip' leaves out records without a value in some column"}},
          load};
}

}  // namespace nnc
