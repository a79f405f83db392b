// What ends a run before its epochs are over: a table of rows, one or two functions each.
//
//   stop steps(10000), seconds(3600), loss_below(1e-3), patience(5, metric = "val_loss")
//
// Any of them ends it. Rules look at steps and time after every step, and at a metric after every epoch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ir/call_spec.h"

namespace nnc {

/// What a rule that watches a metric remembers between epochs.
struct StopMemory {
  double last = 0, best = 0, best_epoch = 0, bad_epochs = 0;
};

/// What a rule decides by.
struct StopView {
  int64_t steps = 0;   // done of the run
  double seconds = 0;  // since the run began or went on
  const StopMemory* memory = nullptr;
  std::string_view metric;  // the name of what it watches
};

struct StopRow {
  CallRow call;
  bool (*due)(const CallSpec&, const StopView&);
  /// Why, where it is due: "10000 steps are done".
  std::string (*why)(const CallSpec&, const StopView&);
  /// After an epoch, of a rule that watches a metric; null for the others.
  void (*observe)(const CallSpec&, int64_t epoch, double metric, bool larger_is_better, StopMemory&);
  bool bounds_run = false;  // it comes true however training goes
};

std::span<const StopRow> all_stops();
/// The row must exist.
const StopRow& stop_row(std::string_view name);
/// Whether the rule gives back the weights of the best epoch when the run ends.
bool restores_best(const CallSpec& rule);

}  // namespace nnc
