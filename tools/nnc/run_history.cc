#include "tools/nnc/run_history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nnc::tool {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// JSON has no NaN or infinity: they are null.
double number_of(const nlohmann::ordered_json& value) {
  return value.is_number() ? value.get<double>() : kNone;
}

void keep_every_second(std::vector<double>& values) {
  for (size_t i = 0; 2 * i < values.size(); ++i) values[i] = values[2 * i];
  values.resize((values.size() + 1) / 2);
}

}  // namespace

std::vector<double>& RunHistory::column(const std::string& name) {
  auto found = std::ranges::find(columns_, name, &Column::name);
  if (found != columns_.end()) return found->values;
  columns_.push_back({name, std::vector<double>(epochs_.size(), kNone)});
  return columns_.back().values;
}

const std::vector<double>* RunHistory::find(const std::string& name) const {
  auto found = std::ranges::find(columns_, name, &Column::name);
  return found == columns_.end() ? nullptr : &found->values;
}

void RunHistory::drop_last() {
  epochs_.pop_back();
  for (Column& c : columns_) c.values.pop_back();
}

void RunHistory::halve() {
  keep_every_second(epochs_);
  for (Column& c : columns_) keep_every_second(c.values);
  stride_ *= 2;
}

// The last epoch is there whether or not its turn has come, until the next one is.
void RunHistory::add(const nlohmann::ordered_json& line) {
  size_t n = epochs_.size();
  if (n >= 2 && epochs_[n - 1] - epochs_[n - 2] < static_cast<double>(stride_)) drop_last();
  if (epochs_.size() >= kMostEpochs) halve();
  for (const auto& [name, value] : line.items()) {
    if (name != "epoch" && !value.is_array()) column(name).push_back(number_of(value));
  }
  epochs_.push_back(number_of(line.at("epoch")));
  for (Column& c : columns_) c.values.resize(epochs_.size(), kNone);
}

nlohmann::ordered_json RunHistory::to_json() const {
  nlohmann::ordered_json out{{"epoch", epochs_}};
  for (const Column& c : columns_) out[c.name] = c.values;
  return out;
}

RunHistory RunHistory::from_json(const nlohmann::ordered_json& json, int64_t keep) {
  RunHistory out;
  const auto& epochs = json.at("epoch");
  for (size_t i = 0; i < epochs.size() && epochs[i].get<double>() <= static_cast<double>(keep); ++i) {
    nlohmann::ordered_json line;
    for (const auto& [name, values] : json.items()) line[name] = values.at(i);
    out.add(line);
  }
  return out;
}

}  // namespace nnc::tool
