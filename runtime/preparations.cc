#include "runtime/preparations.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/names.h"

namespace nnc {
namespace {

struct Row {
  std::string_view kind;
  enum { Numbers, Text, Both } of;  // the columns that a pattern takes
  bool categories;                  // turns values into categories, of numbers too and of targets
  void (*fit)(const CallSpec&, const Column&, Preparation&);
  void (*apply)(const Preparation&, Column&);
};

/// The values there are, in the order of the samples.
std::vector<double> present(const Column& column) {
  std::vector<double> out;
  for (int64_t i = 0; i < column.samples(); ++i) {
    if (double value = column.values.get(i); !column.is_missing(i) && !std::isnan(value))
      out.push_back(value);
  }
  if (!out.empty()) return out;
  throw Error(fmt::format("{}: column '{}' has no value in the training part", column.place, column.name),
              {fmt::format("leave it out, as in csv(…, drop = \"{}\")", column.name)});
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  double upper = *middle;
  return values.size() % 2 == 1 ? upper : (*std::max_element(values.begin(), middle) + upper) / 2;
}

/// The smallest of those that come most often.
double most_frequent(const std::vector<double>& values) {
  std::map<double, int64_t> counts;
  for (double v : values) ++counts[v];
  return std::ranges::max_element(counts, {}, [](const auto& c) { return c.second; })->first;
}

double number_of(const Preparation& p, const char* name) {
  auto found = p.numbers.find(name);
  if (found != p.numbers.end()) return found->second;
  throw Error(fmt::format("the weights are damaged: '{}' of column '{}' lacks '{}'", p.kind, p.column, name));
}

/// Every value there is, as f64.
template <class Change>
void change(Column& column, Change by) {
  if (column.values.dtype() != DType::F64) column.values = column.values.cast(DType::F64);
  for (double& value : column.values.as<double>()) value = by(value);
}

void fit_impute(const CallSpec& call, const Column& column, Preparation& p) {
  std::string by = call.given("by") ? call.text("by") : column.is_text() ? "most_frequent" : "median";
  if (column.is_text() && by != "most_frequent") {
    throw Error(
        fmt::format("column '{}' is text ('{}'), which has no {}", column.name, column.classes[0], by),
        {"text is filled in by = \"most_frequent\""});
  }
  std::vector<double> values = present(column);
  double value = by == "mean" ? mean(values) : by == "median" ? median(values) : most_frequent(values);
  if (column.is_text())
    p.names = {column.classes[static_cast<size_t>(value)]};
  else
    p.numbers["value"] = value;
}

void impute_text(const std::string& name, Column& column) {
  auto index = std::ranges::find(column.classes, name) - column.classes.begin();
  if (static_cast<size_t>(index) == column.classes.size()) column.classes.push_back(name);
  for (int32_t& value : column.values.as<int32_t>()) {
    if (value < 0) value = static_cast<int32_t>(index);
  }
}

void apply_impute(const Preparation& p, Column& column) {
  if (column.is_text() && !p.names.empty()) {
    impute_text(p.names[0], column);
  } else if (!p.names.empty()) {  // not one value that would say it is text
    std::ranges::fill(column.values.as<double>(), 0);
    column.values = column.values.cast(DType::I32);
    column.classes = p.names;
  } else {
    double fill = number_of(p, "value");
    change(column, [&](double v) { return std::isnan(v) ? fill : v; });
  }
  column.gaps = false;
}

// The deviation of the population, as scikit-learn's StandardScaler has it; a constant column becomes zeros.
void fit_standardize(const CallSpec&, const Column& column, Preparation& p) {
  std::vector<double> values = present(column);
  double m = mean(values), squares = 0;
  for (double v : values) squares += (v - m) * (v - m);
  p.numbers = {{"mean", m}, {"deviation", std::sqrt(squares / static_cast<double>(values.size()))}};
}

void apply_standardize(const Preparation& p, Column& column) {
  double m = number_of(p, "mean"), deviation = number_of(p, "deviation");
  double scale = deviation > 0 ? deviation : 1;
  change(column, [&](double v) { return (v - m) / scale; });
}

void fit_min_max(const CallSpec& call, const Column& column, Preparation& p) {
  auto [least, most] = std::ranges::minmax(present(column));
  p.numbers = {{"min", least}, {"max", most}, {"low", call.real("low")}, {"high", call.real("high")}};
}

void apply_min_max(const Preparation& p, Column& column) {
  double min = number_of(p, "min"), low = number_of(p, "low"), range = number_of(p, "max") - min;
  double scale = (number_of(p, "high") - low) / (range > 0 ? range : 1);
  change(column, [&](double v) { return low + (v - min) * scale; });
}

void fit_names(const CallSpec& call, const Column& column, Preparation& p) {
  present(column);
  p.names = names_in(column);
  if (call.text("unknown") != "error") p.numbers["unknown"] = 1;
}

bool takes_unknown(const Preparation& p) { return p.numbers.contains("unknown"); }

void fit_one_hot(const CallSpec& call, const Column& column, Preparation& p) {
  fit_names(call, column, p);
  auto categories = static_cast<int64_t>(p.names.size());
  int64_t size = call.given("size") ? std::get<int64_t>(call.at("size")) : categories;
  if (size < categories) {
    throw Error(fmt::format("column '{}' has {} categories in the training part, and one_hot's 'size' is {}",
                            column.name, categories, size));
  }
  p.numbers["size"] = static_cast<double>(size);
}

/// Indices by the categories; false where the column cannot have them.
bool to_categories(const Preparation& p, Column& column, std::string_view remedy) {
  if (auto missing = first_missing(column)) column.spoil(*missing, "no value");
  int32_t unknown = takes_unknown(p) ? static_cast<int32_t>(p.names.size()) : -1;
  index_by(p.names, column,
           fmt::format("; {}(\"{}\", unknown = \"{}\") lets it pass", p.kind, column.name, remedy), unknown);
  return column.problem.empty();
}

void apply_one_hot(const Preparation& p, Column& column) {
  if (!to_categories(p, column, "zeros")) return;
  auto size = static_cast<int64_t>(number_of(p, "size"));
  Tensor out(DType::U8, {column.samples(), size});
  for (int64_t i = 0; i < column.samples(); ++i) {
    int64_t category = column.values.get_int(i);
    if (static_cast<size_t>(category) < p.names.size()) out.set_int(i * size + category, 1);
  }
  column.values = std::move(out);
  column.classes.clear();
}

void apply_index(const Preparation& p, Column& column) { to_categories(p, column, "last"); }

constexpr Row kRows[] = {
    {"impute", Row::Both, false, fit_impute, apply_impute},
    {"standardize", Row::Numbers, false, fit_standardize, apply_standardize},
    {"min_max", Row::Numbers, false, fit_min_max, apply_min_max},
    {"one_hot", Row::Text, true, fit_one_hot, apply_one_hot},
    {"index", Row::Text, true, fit_names, apply_index},
};

const Row* find_row(std::string_view kind) {
  auto row = std::ranges::find(kRows, kind, &Row::kind);
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

bool suits(std::string_view kind, const Column& column) {
  auto of = find_row(kind)->of;
  return column.values.rank() == 1 && (of == Row::Both || (of == Row::Text) == column.is_text());
}

std::string why_not(std::string_view kind, const Column& column, bool is_target) {
  const Row& row = *find_row(kind);
  if (column.values.rank() != 1)
    return fmt::format("is {}, not one value per sample", column.values.type_str());
  if (row.of == Row::Numbers && column.is_text())
    return fmt::format("is text ('{}'), not numbers", column.classes[0]);
  if (is_target && !row.categories) return "is a target, which predictions are compared with as it is";
  return "";
}

Preparation fit(const CallSpec& call, const Column& column) {
  Preparation out{call.name, column.name};
  if (!column.problem.empty()) throw Error(column.problem);
  find_row(call.name)->fit(call, column, out);
  return out;
}

void apply(const Preparation& p, Column& column) {
  const Row* row = find_row(p.kind);
  if (row == nullptr)
    throw Error(
        fmt::format("the weights ask for '{}' of column '{}', which this nnc has not", p.kind, p.column));
  if (!column.problem.empty()) return;
  std::string fault = why_not(p.kind, column, false);
  if (fault.empty()) return row->apply(p, column);
  column.problem = fmt::format("{}: column '{}' {}", column.place_of(0), column.name, fault);
}

}  // namespace nnc
