// What watches a metric from epoch to epoch, `reduce_on_plateau(metric = "val_loss")` say: which metrics there are, which
// way is better, and by how much. Measures of the validation part are called val_…, those of the test part test_….
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/module.h"

namespace nnc {

/// Every name a metric can be watched by.
std::vector<std::string> watchable(std::span<const MeasureSpec> measures);
/// The measure behind a name, and what it is measured on.
struct Watched {
  const MeasureSpec* measure = nullptr;  // null where there is none of that name
  std::string_view part;                 // "", "val_" or "test_"
};
Watched watched(std::string_view name, std::span<const MeasureSpec> measures);
/// The calls of a train block that name the metric they watch.
std::vector<const CallSpec*> watchers(const TrainSpec& spec);
/// By the call's `mode`: "min", "max", or "auto", which is what the measure itself says.
bool larger_is_better(const CallSpec& call, std::span<const MeasureSpec> measures);
/// What is wrong with the call's `mode`; empty where nothing is.
std::string check_mode(const CallSpec& call);

/// The worst there is, which any number betters.
double worst_metric(bool larger_is_better);
/// Whether `value` is better than `best` by more than `margin`. NaN is better than nothing.
bool is_better(double value, double best, bool larger_is_better, double margin);

}  // namespace nnc
