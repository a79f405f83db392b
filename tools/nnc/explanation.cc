#include "tools/nnc/explanation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tools/nnc/csv_log.h"
#include "tools/nnc/measures_text.h"
#include "tools/nnc/number_text.h"

namespace nnc::tool {
namespace {

constexpr size_t kShownRows = 20, kLongestName = 40;

std::string indexed(const ExplainedInput& input, int64_t element) {
  const std::vector<int64_t>& shape = input.values.shape();
  if (shape.empty()) return input.name;
  std::vector<int64_t> index(shape.size());
  for (size_t axis = shape.size(); axis-- > 0; element /= shape[axis]) index[axis] = element % shape[axis];
  return fmt::format("{}[{}]", input.name, fmt::join(index, ", "));
}

// Integrated gradients that do not add up want more steps.
std::string completeness(const Explanation& e) {
  if (!e.baseline_value) return "";
  double gained = e.value - *e.baseline_value, sum = sum_of_attributions(e);
  std::string out = fmt::format("at the baseline {:.6g}; attributions add up to {:.6g} of {:.6g}\n",
                                *e.baseline_value, sum, gained);
  if (std::abs(sum - gained) > 0.02 * std::max(std::abs(gained), 1e-6))
    out += "that is off by more than 2 %: more --steps bring it closer\n";
  return out;
}

std::string table_of(const ExplainedInput& input) {
  std::vector<Feature> features = features_of(input);
  size_t all = features.size(), width = 7;
  features = strongest(std::move(features), kShownRows);
  for (Feature& f : features) {
    f.name = shortened(f.name, kLongestName);
    width = std::max(width, f.name.size());
  }
  std::string out = fmt::format("\n{:<{}}  {:>10}  {:>11}\n", "feature", width, "value", "attribution");
  for (const Feature& f : features)
    out += fmt::format("{:<{}}  {:>10}  {:>11}\n", f.name, width, short_number(f.value),
                       short_number(f.attribution));
  if (all > features.size()) out += fmt::format("and {} weaker ones\n", all - features.size());
  return out;
}

nlohmann::ordered_json numbers_of(const Tensor& t) {
  auto out = nlohmann::ordered_json::array();
  for (int64_t i = 0; i < t.count(); ++i) out.push_back(t.get(i));
  return out;
}

}  // namespace

std::vector<Feature> features_of(const ExplainedInput& input) {
  std::vector<Feature> out;
  for (int64_t i = 0; i < input.values.count(); ++i) {
    bool named = i < static_cast<int64_t>(input.features.size());
    out.push_back(
        {named ? input.features[i] : indexed(input, i), input.values.get(i), input.attributions.get(i)});
  }
  return out;
}

std::vector<Feature> strongest(std::vector<Feature> features, size_t most) {
  auto strength = [](const Feature& f) {
    return std::isnan(f.attribution) ? INFINITY : std::abs(f.attribution);
  };
  std::ranges::stable_sort(features, std::greater(), strength);
  if (features.size() > most) features.resize(most);
  return features;
}

double sum_of_attributions(const Explanation& e) {
  double sum = 0;
  for (const ExplainedInput& input : e.inputs) {
    for (int64_t i = 0; i < input.attributions.count(); ++i) sum += input.attributions.get(i);
  }
  return sum;
}

std::string text_of(const Explanation& e) {
  std::string out =
      fmt::format("{}: {} = {:.6g}, by {}\n", e.sample, e.what, e.value, e.method) + completeness(e);
  for (const ExplainedInput& input : e.inputs) out += table_of(input);
  return out;
}

std::string csv_of(const Explanation& e) {
  std::string out = "input,feature,value,attribution\n";
  for (const ExplainedInput& input : e.inputs) {
    for (const Feature& f : features_of(input))
      out += fmt::format("{},{},{},{}\n", csv_cell(input.name), csv_cell(f.name), f.value, f.attribution);
  }
  return out;
}

std::string json_of(const Explanation& e) {
  nlohmann::ordered_json out{
      {"sample", e.sample}, {"explained", e.what}, {"method", e.method}, {"value", e.value}};
  if (e.baseline_value) out["baseline_value"] = *e.baseline_value;
  out["sum"] = sum_of_attributions(e);
  out["inputs"] = nlohmann::ordered_json::array();
  for (const ExplainedInput& input : e.inputs) {
    nlohmann::ordered_json one{{"name", input.name}, {"shape", input.values.shape()}};
    if (!input.features.empty()) one["features"] = input.features;
    one["values"] = numbers_of(input.values);
    one["attributions"] = numbers_of(input.attributions);
    out["inputs"].push_back(std::move(one));
  }
  return out.dump() + "\n";
}

}  // namespace nnc::tool
