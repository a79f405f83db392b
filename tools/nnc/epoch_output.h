// What a training run says about each epoch: a row of a table in a terminal, a plain line in a pipe, or JSON; and a line of
// its CSV log and its report page.
#pragma once

#include <optional>
#include <string>

#include "tools/nnc/command.h"
#include "tools/nnc/csv_log.h"
#include "tools/nnc/epoch_table.h"
#include "tools/nnc/report_file.h"

namespace nnc::tool {

struct EpochOutputOptions {
  bool json = false;
  std::string csv, report;  // empty: none

  void add_to(CLI::App& command);
};

class EpochOutput {
 public:
  /// The run starts where the trainer stands. `command` is its command line, and `clock` counts its time.
  EpochOutput(const EpochOutputOptions& options, int64_t epochs, const Trainer& trainer,
              const std::string& command, PhaseClock& clock);
  void add(const EpochReport& report);
  /// How the run ended, for the report.
  void finish(const std::string& status);
  /// The same of a run that an error ended, and that none of its own must cover up.
  void fail(const std::string& message);

 private:
  void print(const EpochReport& report, const nlohmann::ordered_json& line);

  bool json_;
  int64_t epochs_;
  const Trainer& trainer_;
  EpochTable table_;
  std::optional<CsvLog> csv_;
  std::optional<ReportFile> report_;
};

}  // namespace nnc::tool
