// The epochs of a run as a table in a terminal: a header, then a row per epoch, each within the terminal's width. Columns that
// there is no room for are left out, the least telling ones first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/trainer.h"

namespace nnc::tool {

/// A column of one row; where not all fit, those of the highest number go first.
struct TableCell {
  std::string name, text;
  int expendable = 0;
};

class EpochTable {
 public:
  explicit EpochTable(int64_t epochs) : epochs_(epochs) {}

  /// The row of an epoch, its lines ending in newlines and shorter than `columns`; with the header in front where that
  /// has not been given yet, or the width is another now. `line` is the epoch's epoch_line().
  std::string row(const EpochReport& report, const nlohmann::ordered_json& line, size_t columns);

 private:
  int64_t epochs_;
  std::string header_;
};

}  // namespace nnc::tool
