// What is known of an epoch once it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/call_spec.h"
#include "runtime/measures.h"

namespace nnc {

struct EpochReport {
  int64_t epoch = 0;  // from 1
  int64_t steps = 0;
  std::vector<Measure> train;  // "loss", then the metrics, over the samples as they were trained on
  std::vector<Measure> validation, test;  // the same after the epoch on these parts; empty without them
  double learning_rate = 0;               // of its last step
  double seconds = 0;                     // training alone
  double ms_per_step = 0;                 // median over the epoch
  bool complete = true;  // false where `progress` stopped it: there are no measures and no test then
  bool cut = false;  // a stopping rule ended it before its last step: `steps` and `train` are of those done
  std::string stopped;  // why the run is over by its stopping rules; empty while it goes on
};

/// The number behind "accuracy", "val_loss" or "test_loss"; nothing where it was not measured.
std::optional<double> value_of(const EpochReport& report, std::string_view name);
/// The loss to choose by: of the validation part, which is there for that, else of the test part, else of training.
double deciding_loss(const EpochReport& report);
/// What a call with an argument `metric` watches: that metric, or without one the deciding loss; and its name.
double watched_value(const EpochReport& report, const CallSpec& watcher);
std::string watched_name(const EpochReport& report, const CallSpec& watcher);

}  // namespace nnc
