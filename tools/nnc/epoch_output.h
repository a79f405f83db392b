// What a training run says about each epoch: a row of a table in a terminal, a plain line in a pipe, or JSON; and a line of
// its CSV log.
#pragma once

#include <optional>
#include <string>

#include "tools/nnc/csv_log.h"
#include "tools/nnc/epoch_table.h"

namespace nnc::tool {

struct EpochOutputOptions {
  bool json = false;
  std::string csv;  // empty: no log
};

class EpochOutput {
 public:
  /// `begun` is where the run starts: at the beginning, or where it was resumed.
  EpochOutput(const EpochOutputOptions& options, int64_t epochs, const Position& begun);
  void add(const EpochReport& report, const CompileStats& stats);

 private:
  void print(const EpochReport& report, const nlohmann::ordered_json& line);

  bool json_;
  int64_t epochs_;
  EpochTable table_;
  std::optional<CsvLog> csv_;
};

}  // namespace nnc::tool
