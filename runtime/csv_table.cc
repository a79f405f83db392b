#include "runtime/csv_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "ir/utf8.h"
#include "runtime/csv_cells.h"

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
  return utf8::sanitize(text.size() <= 40 ? std::string(text) : std::string(text.substr(0, 37)) + "...");
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    utf8::Char c = utf8::decode(text, at);
    if (!c.valid) return false;
    at += c.size;
  }
  return true;
}

/// One file, cut, and the records of it that are used.
class Csv {
 public:
  Csv(std::string content, const std::string& path, const CsvOptions& options)
      : path_(path),
        content_(std::move(content)),
        missing_(options.missing.begin(), options.missing.end()),
        text_(options.text.begin(), options.text.end()),
        numbers_(options.known_numbers.begin(), options.known_numbers.end()) {
    text_.insert(options.known_text.begin(), options.known_text.end());
    cells_ = cut_csv(content_, path_);
    if (cells_.records() == 0) throw Error(path_ + ": the file is empty");
    check_names();
    if (options.strict) check_options(options);
    std::set<std::string_view> drop(options.drop.begin(), options.drop.end());
    for (size_t c = 0; c < cells_.columns; ++c) {
      if (!drop.contains(name(c))) columns_.push_back(c);
    }
    for (size_t r = 1; r < cells_.records(); ++r) {
      if (!is_skipped(r, options)) records_.push_back(r);
    }
  }

  std::string_view name(size_t column) const { return trimmed(cells_.at(0, column)); }
  const std::vector<size_t>& columns() const { return columns_; }
  Column read(size_t column, bool text) const;
  /// Whether it has a value, and is known to be text, or its first value is no number.
  bool is_text(size_t column) const;
  void check_samples() const {
    if (!records_.empty()) return;
    throw Error(path_ + (cells_.records() == 1 ? ": no samples follow the header"
                                               : ": no samples: every record lacks a value in some column"));
  }

 private:
  /// The value; empty where there is none.
  std::string_view at(size_t record, size_t column) const {
    std::string_view text = trimmed(cells_.at(record, column));
    return missing_.contains(text) ? std::string_view() : text;
  }

  bool is_skipped(size_t record, const CsvOptions& options) const {
    return std::ranges::any_of(columns_, [&](size_t c) {
      return (options.skip_missing || name(c) == options.needed) && at(record, c).empty();
    });
  }

  void check_names() const;
  void check_options(const CsvOptions& options) const;
  std::vector<std::string_view> distinct_values(size_t column) const;
  void read_text(size_t column, Column& out) const;
  void read_numbers(size_t column, Column& out) const;

  const std::string& path_;
  std::string content_;
  std::set<std::string_view> missing_, text_, numbers_;
  CsvCells cells_;
  std::vector<size_t> columns_, records_;
};

void Csv::check_names() const {
  std::map<std::string_view, size_t> seen;
  for (size_t c = 0; c < cells_.columns; ++c) {
    if (name(c).empty())
      throw Error(fmt::format("{}:{}: column {} has no name", path_, cells_.lines[0], c + 1));
    auto [other, added] = seen.emplace(name(c), c);
    if (added) continue;
    throw Error(fmt::format("{}:{}: columns {} and {} are both named '{}'", path_, cells_.lines[0],
                            other->second + 1, c + 1, shortened(name(c))));
  }
}

void Csv::check_options(const CsvOptions& options) const {
  std::vector<std::string> names;
  for (size_t c = 0; c < cells_.columns; ++c) names.emplace_back(name(c));
  for (const auto* asked : {&options.drop, &options.text}) {
    for (const std::string& name : *asked) check_column(names, name, path_);
  }
}

bool Csv::is_text(size_t column) const {
  for (size_t r : records_) {
    std::string_view value = at(r, column);
    if (!value.empty())
      return text_.contains(name(column)) || (!numbers_.contains(name(column)) && !number(value));
  }
  return false;
}

Column Csv::read(size_t column, bool text) const {
  Column out{.name = std::string(name(column)),
             .values = Tensor(text ? DType::I32 : DType::F64, {static_cast<int64_t>(records_.size())}),
             .place = path_};
  for (size_t r : records_) out.lines.push_back(cells_.lines[r]);
  text ? read_text(column, out) : read_numbers(column, out);
  return out;
}

std::vector<std::string_view> Csv::distinct_values(size_t column) const {
  std::vector<std::string_view> values;
  for (size_t r : records_) {
    if (!at(r, column).empty()) values.push_back(at(r, column));
  }
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

void Csv::read_text(size_t column, Column& out) const {
  std::vector<std::string_view> names = distinct_values(column);
  out.classes.assign(names.begin(), names.end());
  for (size_t i = 0; i < records_.size(); ++i) {
    std::string_view value = at(records_[i], column);
    auto sample = static_cast<int64_t>(i);
    auto index = static_cast<int32_t>(std::ranges::lower_bound(names, value) - names.begin());
    out.values.as<int32_t>()[i] = value.empty() ? -1 : index;
    out.gaps |= value.empty();
    if (!is_utf8(value))
      out.spoil(sample,
                fmt::format("'{}' is not UTF-8 text; convert the file, as with iconv -f latin1 -t utf8",
                            shortened(value)));
  }
}

void Csv::read_numbers(size_t column, Column& out) const {
  for (size_t i = 0; i < records_.size(); ++i) {
    std::string_view text = at(records_[i], column);
    std::optional<double> value = number(text);
    out.values.as<double>()[i] = value.value_or(std::numeric_limits<double>::quiet_NaN());
    out.gaps |= text.empty();
    if (value || text.empty()) continue;
    out.spoil(
        static_cast<int64_t>(i),
        fmt::format(
            "'{0}' is not a finite number; if it means no value: csv(…, na = \"{0}\"); if the column is "
            "text: csv(…, text = \"{1}\")",
            shortened(text), shortened(out.name)));
  }
}

}  // namespace

Table read_csv(std::string content, const std::string& path, const CsvOptions& options) {
  Csv csv(std::move(content), path, options);
  csv.check_samples();
  Table out;
  for (size_t c : csv.columns()) {
    out.push_back(csv.read(c, csv.is_text(c)));
  }
  return out;
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    size_t from = std::min(item.find_first_not_of(" \t"), item.size());
    out.emplace_back(item.substr(from, item.find_last_not_of(" \t") + 1 - from));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

void check_column(const std::vector<std::string>& names, const std::string& name, const std::string& path) {
  if (std::ranges::find(names, name) != names.end()) return;
  auto near = suggest(name, names);
  throw Error(fmt::format("{}: there is no column '{}'", path, name),
              {near ? fmt::format("did you mean '{}'?", *near)
                    : fmt::format("the columns are {}", fmt::join(names, ", "))});
}

}  // namespace nnc
