// The report page as a file, written anew after each epoch, so that a long run can be watched, and at the end.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "runtime/file_lock.h"
#include "tools/nnc/report_page.h"

namespace nnc::tool {

class ReportFile {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  /// `begun` is where the run starts: a page that is there keeps the epochs before. Throws Error for a file that is no
  /// such page, and when another run writes it.
  ReportFile(std::string path, const Trainer& trainer, Settings settings, int64_t epochs, PhaseClock& clock);

  /// Writes the page with this epoch, unless that was done within the last second: many epochs are short.
  void add(const EpochReport& report, const nlohmann::ordered_json& line);
  /// Writes it as it stays: "finished", or why it was stopped.
  void finish(const std::string& status);

 private:
  using Clock = std::chrono::steady_clock;
  void write();

  std::string path_;
  FileLock lock_;
  const Trainer& trainer_;
  PhaseClock& clock_;
  RunReport report_;
  PhaseSeconds earlier_{};
  Clock::time_point written_{};
};

}  // namespace nnc::tool
