#include "tools/nnc/epoch_output.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "tools/nnc/epoch_line.h"
#include "tools/nnc/progress.h"

namespace nnc::tool {
namespace {

// One-step epochs by the thousand are reported at their ends.
bool is_quiet(const EpochReport& r, int64_t epochs) {
  return r.steps == 1 && epochs > 100 && r.epoch % (epochs / 20) != 0 && r.epoch != 1;
}

}  // namespace

EpochOutput::EpochOutput(const EpochOutputOptions& options, int64_t epochs, const Position& begun)
    : json_(options.json), epochs_(epochs), table_(epochs) {
  if (!options.csv.empty()) csv_.emplace(options.csv, begun.epoch - begun.open);
}

void EpochOutput::add(const EpochReport& r, const CompileStats& stats) {
  nlohmann::ordered_json line = epoch_line(r, stats);
  if (csv_) csv_->add(line);
  if (json_)
    fmt::print("{}\n", line.dump());
  else if (!is_quiet(r, epochs_))
    print(r, line);
  std::fflush(stdout);
}

void EpochOutput::print(const EpochReport& r, const nlohmann::ordered_json& line) {
  if (isatty(STDOUT_FILENO))
    fmt::print("{}", table_.row(r, line, terminal_columns(STDOUT_FILENO)));
  else
    fmt::print("{}\n", epoch_text(r, epochs_));
}

}  // namespace nnc::tool
