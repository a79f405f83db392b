// What a run's epochs came to, column by column under the names of epoch_line(): what its curves are drawn from. Kept in the
// report page itself, so that a run that is resumed goes on with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace nnc::tool {

class RunHistory {
 public:
  /// Adds the numbers of an epoch_line(). Of very many epochs every second, fourth … is kept, and always the last.
  void add(const nlohmann::ordered_json& line);

  /// The numbers of the epochs that are kept.
  const std::vector<double>& epochs() const { return epochs_; }
  /// One value per epoch kept, NaN where that epoch had none; nullptr for a name that no epoch had.
  const std::vector<double>* find(const std::string& column) const;

  nlohmann::ordered_json to_json() const;
  /// The epochs up to `keep` of what to_json() gave. Throws nlohmann::json::exception for what it did not give.
  static RunHistory from_json(const nlohmann::ordered_json& json, int64_t keep);

  static constexpr size_t kMostEpochs = 1 << 13;

 private:
  struct Column {
    std::string name;
    std::vector<double> values;
  };
  std::vector<double>& column(const std::string& name);
  void drop_last();
  void halve();

  std::vector<double> epochs_;
  std::vector<Column> columns_;
  int64_t stride_ = 1;
};

}  // namespace nnc::tool
