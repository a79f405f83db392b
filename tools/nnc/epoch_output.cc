#include "tools/nnc/epoch_output.h"

#include <unistd.h>

#include <bit>
#include <cstdio>

#include <fmt/format.h>

#include "ir/error.h"
#include "tools/nnc/epoch_line.h"
#include "tools/nnc/progress.h"

namespace nnc::tool {
namespace {

// One-step epochs by the thousand are reported twenty times, or ever more rarely where their number is endless.
bool is_quiet(const EpochReport& r, int64_t epochs) {
  if (r.steps != 1 || epochs <= 100 || r.epoch == 1 || !r.stopped.empty()) return false;
  if (epochs == kEndless) return !std::has_single_bit(static_cast<uint64_t>(r.epoch));
  return r.epoch % (epochs / 20) != 0;
}

// What the run was made with: what a run that goes on must share with it, and what may differ.
ReportFile::Settings settings_of(const Trainer& trainer, const std::string& command) {
  ReportFile::Settings out{{"command", command}};
  for (const auto& setting : trainer.settings()) out.push_back(setting);
  const Engine& engine = trainer.engine();
  out.push_back({"threads", std::to_string(engine.threads())});
  out.push_back({"target", engine.options().target});
  return out;
}

}  // namespace

void EpochOutputOptions::add_to(CLI::App& command) {
  command.add_flag("--json", json, "Print one JSON object per epoch");
  command
      .add_option("--csv", csv, "Keep a log of one line per epoch in this file, with the columns of --json")
      ->type_name("FILE.csv");
  command
      .add_option("--report", report,
                  "Write a page of curves, confusion matrix, settings and times here, anew after each epoch")
      ->type_name("FILE.html");
}

EpochOutput::EpochOutput(const EpochOutputOptions& options, int64_t epochs, const Trainer& trainer,
                         const std::string& command, PhaseClock& clock)
    : json_(options.json), epochs_(epochs), trainer_(trainer), table_(epochs) {
  const Position& begun = trainer.position();
  if (!options.csv.empty()) csv_.emplace(options.csv, begun.epoch - begun.open);
  if (!options.report.empty())
    report_.emplace(options.report, trainer, settings_of(trainer, command), epochs, clock);
}

void EpochOutput::add(const EpochReport& r) {
  bool quiet = !json_ && is_quiet(r, epochs_);
  if (quiet && !csv_ && !report_) return;
  nlohmann::ordered_json line = epoch_line(r, trainer_.engine().stats());
  if (csv_) csv_->add(line);
  if (report_) report_->add(r, line);
  if (!r.stopped.empty()) line["stopped"] = r.stopped;
  if (json_)
    fmt::print("{}\n", line.dump());
  else if (!quiet)
    print(r, line);
  std::fflush(stdout);
}

void EpochOutput::finish(const std::string& status) {
  if (report_) report_->finish(status);
}

void EpochOutput::fail(const std::string& message) {
  try {
    finish("stopped: " + message);
  } catch (const Error&) {
  }
}

void EpochOutput::print(const EpochReport& r, const nlohmann::ordered_json& line) {
  if (isatty(STDOUT_FILENO))
    fmt::print("{}", table_.row(r, line, terminal_columns(STDOUT_FILENO)));
  else
    fmt::print("{}\n", epoch_text(r, epochs_));
}

}  // namespace nnc::tool
