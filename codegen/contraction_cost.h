// What a plan for a contraction costs, in cycles of the target's core (core_rates.h): arithmetic by tiles
// (contraction_cost.cc), and what is moved between memory, panels and registers (contraction_moving.cc). The costs in both
// are measured.
#pragma once

#include "codegen/contraction_plan.h"
#include "codegen/core_rates.h"

namespace nnc::contraction {

class Cost {
 public:
  Cost(const ProblemShape& shape, const Target& target)
      : s_(shape), target_(target), rates_(core_rates(target)) {}

  /// Of a whole plan.
  double of(const Plan& p) const { return computing(p) + moving(p) + results(p); }
  /// Of the tiles' arithmetic, by the plan's axis.
  double computing(const Plan& p) const;
  /// Of bringing the operands to the tiles.
  double moving(const Plan& p) const;
  /// What few rows pay for columns from behind the caches, by the tile's width.
  double passing_columns(const Plan& p) const;
  /// Of a plan's tail.
  double tail(const Plan& p) const;
  /// Cycles per element of the columns, for as many strips of rows as meet them together.
  double per_column(const Plan& p, ColumnLayout layout, int64_t strips) const;
  /// Cycles per element of the rows, for one block of columns with so many panels.
  double per_row(RowLayout layout, int64_t panels) const;

  /// Whether so many rows or columns stay in half of the first-level cache.
  bool in_l1(const Plan& p, int64_t extent) const;
  /// Whether all rows stay there along depth: a panel, whose lines collide with none of its own, in three quarters of it.
  bool rows_in_l1(const Plan& p) const;
  /// Whether the epilogue reads more than stays in the second-level cache beside what is multiplied.
  bool epilogue_passes() const { return s_.epilogue_bytes >= target_.l2_bytes / rates_.epilogue_share; }
  /// Whether the columns stay in half of the second-level cache; in a quarter of it beside an epilogue that passes.
  bool columns_near() const;
  /// Whether columns come from so far that those of the next panel had better be asked for.
  bool requests_next_panel() const { return rates_.requests_next_panel && !columns_near(); }
  /// The same for results that several chunks of depth add up and that second-level caches don't hold.
  bool requests_next_results(const Plan& p) const;
  /// Vectors of a tile of the only row, at most, and columns of one along depth.
  int lone_row() const;
  int lone_row_streams() const { return rates_.lone_row_streams; }
  /// Whether more multiply-adds of narrower vectors than the plan's are done in the same time.
  bool gains_from_narrow(const Plan& p) const { return rates_.narrow.multiply_add < vectors(p).multiply_add; }
  bool likes_even_tiles() const { return rates_.even_lone_row; }
  /// Whether results are one step's, in long rows or too many for half of the first-level cache: stores are quickest in
  /// their order.
  bool ordered_results() const;
  /// Whether the columns are up to twice what the first-level cache holds, in whole lines.
  bool overflow_l1() const;
  /// Whether the columns are more than the first-level cache holds, in whole lines.
  bool behind_l1(const Plan& p) const;
  int64_t strips(const Plan& p) const;
  int64_t panels(const Plan& p) const;
  /// Steps of depth that are computed together.
  int64_t depth_at_once(const Plan& p) const;
  /// Rows that pass once over columns which are behind the caches.
  bool few_rows() const;
  /// Whether so many rows read in place share so few sets of the first-level cache that not all their lines fit.
  bool rows_collide(int rows) const;
  /// Whether a tile with vectors along depth reads so many streams whole pages apart that they share too few lines.
  bool streams_collide(const Plan& p) const;
  /// Whether results of so many rows take columns' places there which those of fewer rows would leave them.
  bool results_collide(int rows) const;

 private:
  double tiles(const Plan& p) const;
  double sums(const Plan& p) const;
  double tile_of_sums(const Plan& p, int64_t rows) const;
  double steps_along_depth(const Plan& p, int64_t rows, int64_t columns) const;
  double strips_of(const Plan& p, int vectors, int last = 0) const;
  double stream(const Plan& p, int vectors) const;
  const VectorRates& vectors(const Plan& p) const;
  double step(const Plan& p, int rows, int vectors, int last = 0) const;
  double ends(const Plan& p) const;
  double results(const Plan& p) const;
  double cut_runs(int64_t column_blocks) const;
  double along_depth(int64_t strips) const;
  bool waits(const Plan& p) const;
  double times_packed(const Plan& p, int64_t column_blocks, int64_t row_blocks) const;
  double shared(int64_t column_blocks, int64_t row_blocks) const;
  bool columns_stay(int rows) const;
  bool columns_paged() const;
  bool columns_apart() const;
  bool columns_astride() const;
  bool columns_on_pages() const;
  bool columns_far() const { return columns_apart() && !columns_near(); }
  bool passing() const { return columns_far() && few_rows(); }
  double by_row_stride(double paged, double far) const;
  double strided_rows(const Plan& p) const;
  double rows_far() const;
  double moved(double cost) const { return cost * static_cast<double>(s_.element_bytes) / 4; }

  const ProblemShape& s_;
  const Target& target_;
  const CoreRates& rates_;
};

}  // namespace nnc::contraction
