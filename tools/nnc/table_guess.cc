#include "tools/nnc/table_guess.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "runtime/names.h"

namespace nnc::tool {
namespace {

constexpr size_t kMostClasses = 50, kMostNumberClasses = 10, kMostCategories = 30;
constexpr int64_t kFewSamples = 10;  // of a category

std::vector<double> values_of(const Column& column) {
  std::vector<double> out;
  for (int64_t i = 0; i < column.samples(); ++i) {
    if (double value = column.values.get(i); !column.is_missing(i) && !std::isnan(value))
      out.push_back(value);
  }
  return out;
}

bool are_whole(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double v) { return v == std::floor(v); });
}

/// 1, 2, 3, …: the number of the record.
bool is_running_number(const std::vector<double>& values) {
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] != values[i - 1] + 1) return false;
  }
  return values.size() > 2;
}

/// Text of a few values, or few whole numbers that come often.
bool looks_like_classes(const Column& column, const std::vector<double>& values, size_t distinct) {
  if (column.is_text()) return true;
  return are_whole(values) && distinct <= kMostNumberClasses && values.size() >= 20 * distinct;
}

/// Why the column cannot be predicted; empty where it can.
std::string why_no_target(const Column& column) {
  std::vector<double> values = values_of(column);
  size_t distinct = names_in(column).size();
  if (!column.problem.empty()) return column.problem;
  if (distinct < 2) return fmt::format("has {}", distinct == 0 ? "no values" : "one value alone");
  if (column.is_text() && (distinct > kMostClasses || 2 * distinct > values.size()))
    return fmt::format("has {} different texts", distinct);
  if (auto missing = static_cast<size_t>(column.samples()) - values.size())
    return fmt::format("lacks {} value{}", missing, missing == 1 ? "" : "s");
  return "";
}

/// Why the column tells nothing; empty where it may.
std::string why_left_out(const Column& column) {
  std::vector<double> values = values_of(column);
  size_t distinct = names_in(column).size();
  if (!column.problem.empty()) return "numbers and texts mixed";
  if (distinct == 0) return "no values";
  if (distinct == 1) return "one value alone";
  if (column.is_text() && (distinct > kMostCategories || 2 * distinct > values.size()))
    return fmt::format("{} different texts", distinct);
  return !column.is_text() && is_running_number(values) ? "a running number" : "";
}

Predictor feature_of(const Column& column) {
  Predictor out{.name = column.name, .gaps = column.gaps};
  if (!column.is_text()) return out;
  out.categories = names_in(column);
  std::map<double, int64_t> counts;
  for (double v : values_of(column)) ++counts[v];
  out.rare = std::ranges::any_of(counts, [](const auto& c) { return c.second < kFewSamples; });
  return out;
}

class Looker {
 public:
  Looker(const Table& table, const std::string& path) : table_(table), path_(path) {
    out_.samples = sample_count(table);
  }

  TableGuess run(const std::string& asked) {
    const Column& target = asked.empty() ? guessed_target() : asked_target(asked);
    out_.target = target.name;
    describe(target);
    for (const Column& c : table_) {
      if (&c == &target) continue;
      std::string why = why_left_out(c);
      if (why.empty())
        out_.features.push_back(feature_of(c));
      else
        out_.left_out.emplace_back(c.name, why);
    }
    if (out_.features.empty())
      throw Error(fmt::format("{}: no column is left to predict '{}' from", path_, out_.target));
    return std::move(out_);
  }

 private:
  const Column& guessed_target() {
    const Column &last = table_.back(), &first = table_.front();
    std::string why = why_no_target(last);
    out_.why = "the last column";
    if (why.empty()) return last;
    out_.why = fmt::format("the first column, since the last, {}, {}", last.name, why);
    std::string why_not_first = why_no_target(first);
    if (why_not_first.empty()) return first;
    throw Error(fmt::format("{}: neither the last nor the first column can be predicted", path_),
                {fmt::format("{} {}; {} {}", last.name, why, first.name, why_not_first),
                 "say which can, as by --target COLUMN"});
  }

  const Column& asked_target(const std::string& name) const {
    std::vector<std::string> names;
    for (const Column& c : table_) {
      names.push_back(c.name);
      if (c.name != name) continue;
      std::string why = why_no_target(c);
      if (why.empty() || why.starts_with("lacks")) return c;
      throw Error(fmt::format("{}: column '{}' cannot be predicted: it {}", path_, name, why));
    }
    auto near = suggest(name, names);
    throw Error(fmt::format("{}: there is no column '{}'", path_, name),
                {near ? fmt::format("did you mean '{}'?", *near)
                      : fmt::format("the columns are {}", fmt::join(names, ", "))});
  }

  void describe(const Column& target) {
    std::vector<double> values = values_of(target);
    std::vector<std::string> names = names_in(target);
    out_.target_gaps = target.gaps;
    out_.target_is_text = target.is_text();
    if (looks_like_classes(target, values, names.size())) {
      out_.classes = std::move(names);
      return;
    }
    double sum = 0, squares = 0;
    for (double v : values) sum += v;
    out_.mean = sum / static_cast<double>(values.size());
    for (double v : values) squares += (v - out_.mean) * (v - out_.mean);
    out_.deviation = std::sqrt(squares / static_cast<double>(values.size()));
  }

  const Table& table_;
  const std::string& path_;
  TableGuess out_;
};

}  // namespace

int64_t TableGuess::width() const {
  int64_t out = 0;
  for (const Predictor& f : features) out += f.width();
  return out;
}

TableGuess look_at(const Table& table, const std::string& target, const std::string& path) {
  return Looker(table, path).run(target);
}

}  // namespace nnc::tool
