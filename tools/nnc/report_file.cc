#include "tools/nnc/report_file.h"

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc::tool {
namespace {

RunReport earlier_page(const std::string& path, int64_t keep) {
  if (!file_exists(path)) return {};
  if (std::optional<RunReport> page = read_report_page(read_file(path), keep))
    return keep > 0 ? *page : RunReport{};
  throw Error(fmt::format("{} is there already and is no report of a training run", path),
              {"choose another name for --report"});
}

}  // namespace

ReportFile::ReportFile(std::string path, const Trainer& trainer, Settings settings, int64_t epochs,
                       PhaseClock& clock)
    : path_(std::move(path)), lock_(path_), trainer_(trainer), clock_(clock) {
  const Position& begun = trainer.position();
  report_ = earlier_page(path_, begun.epoch - begun.open);
  remove_unfinished(path_);
  earlier_ = report_.seconds;
  report_.epochs = epochs;
  report_.settings = std::move(settings);
}

void ReportFile::add(const EpochReport& report, const nlohmann::ordered_json& line) {
  report_.history.add(line);
  report_.last = report;
  report_.status = "running";
  report_.running = true;
  if (Clock::now() - written_ >= std::chrono::seconds(1)) write();
}

void ReportFile::finish(const std::string& status) {
  report_.status = status;
  report_.running = false;
  write();
}

void ReportFile::write() {
  InPhase writing(clock_, Phase::Writing);
  report_.seconds = clock_.seconds();
  for (size_t i = 0; i < earlier_.size(); ++i) report_.seconds[i] += earlier_[i];
  std::string page = report_page(report_, trainer_);
  std::string_view parts[] = {page};
  write_file_atomically(path_, parts);
  written_ = Clock::now();
}

}  // namespace nnc::tool
