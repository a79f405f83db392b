// What a sweep found: a row per combination, the best first, failed runs at the end.
#pragma once

#include <string>
#include <vector>

#include "tools/nnc/sweep_grid.h"

namespace nnc::tool {

/// One training run of a row.
struct SweepRun {
  int64_t fold = 0, seed = 0;
  bool done = false;
  double value = 0;     // of the metric
  std::string failure;  // why there is none
  double seconds = 0;
};

struct SweepRow {
  std::vector<std::string> values;  // of the axes
  std::vector<SweepRun> runs;

  bool complete() const;
  size_t done() const;
  size_t failed() const;
  double seconds() const;
  /// Over the runs that have a value; NaN where none has, and for fewer than two the deviation.
  double mean() const;
  double deviation() const;
};

/// What stands above the numbers, and which is better.
struct SweepMetric {
  std::string name;
  bool larger_is_better = false;
  /// Whether `a` is before `b`: a row without failures before one with, then by the mean.
  bool before(const SweepRow& a, const SweepRow& b) const;
};

/// The rows with at least one run that is done.
std::string sweep_table(const std::vector<GridAxis>& axes, const SweepMetric& metric,
                        std::vector<SweepRow> rows);
/// One object a line, in the order of the table.
std::string sweep_json(const std::vector<GridAxis>& axes, const SweepMetric& metric,
                       std::vector<SweepRow> rows);

}  // namespace nnc::tool
