// The runs of a sweep: independent trainers on one set of data, several at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "ir/ast.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/sweep_progress.h"
#include "tools/nnc/sweep_table.h"

namespace nnc::tool {

struct SweepOptions {
  ModelOptions model;
  RunOptions run;
  std::optional<int64_t> epochs;
  int64_t folds = 0, seeds = 1;
  std::string metric;  // empty: the loss that decides
  int jobs = 0;
  bool keep_best = false;  // the trainer of the best run
};

class Sweep {
 public:
  /// Reads the model and the data, and sees that every combination is one; throws before anything runs.
  Sweep(const SweepOptions& options, std::vector<GridAxis> axes);

  /// False where the user stopped it; what is done is kept.
  bool run();

  const std::vector<GridAxis>& axes() const { return axes_; }
  const SweepMetric& metric() const { return metric_; }
  const std::vector<SweepRow>& rows() const { return rows_; }
  /// The best of the rows that are complete, and some run of which did not fail; null where there is none.
  const SweepRow* best_row() const;
  /// The trainer of its best run, where they are kept.
  const Trainer* best() const;

 private:
  struct Place {
    size_t row, run;
  };
  Module module_of(const SweepRow& row, int64_t fold, Diagnostics& diagnostics) const;
  void check_combinations();
  void choose_metric(const Trainer& trainer);
  std::unique_ptr<Trainer> make_trainer(const Place& place) const;
  void work();
  void run_one(size_t number);
  /// False where the user stopped it.
  bool train(Trainer& trainer, size_t number, SweepRun& outcome);
  void keep(const Place& place, const SweepRun& outcome, std::unique_ptr<Trainer> trainer, size_t number);
  std::string label(const Place& place) const;

  const SweepOptions& options_;
  std::vector<GridAxis> axes_;
  std::string source_;
  ast::File file_;
  Dataset data_;
  SweepMetric metric_;
  std::vector<SweepRow> rows_;
  std::vector<Place> places_;  // of every run, row by row
  int jobs_ = 1;
  std::optional<SweepProgress> progress_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;                            // of what follows and of the rows
  std::vector<std::unique_ptr<Trainer>> kept_;  // of each row, its best run's
  std::vector<double> kept_values_;
};

}  // namespace nnc::tool
