// The page of a training run: how it went and with what, in one HTML file that needs nothing else and no script. It keeps
// the numbers behind its curves as JSON, from which a run that is resumed goes on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/trainer.h"
#include "tools/nnc/phase_clock.h"
#include "tools/nnc/run_history.h"

namespace nnc::tool {

struct RunReport {
  std::string status;    // "finished", "stopped: …"
  bool running = false;  // a browser loads the page again from time to time
  int64_t epochs = 0;    // to train
  RunHistory history;
  std::optional<EpochReport> last;                            // of this process
  std::vector<std::pair<std::string, std::string>> settings;  // names and values, in order
  PhaseSeconds seconds{};
};

std::string report_page(const RunReport& report, const Trainer& trainer);

/// What a page keeps of the epochs up to `keep`, and of the time spent, for a run that goes on from there. Nothing where
/// the text is no such page.
std::optional<RunReport> read_report_page(const std::string& text, int64_t keep);

}  // namespace nnc::tool
