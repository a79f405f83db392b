#include "codegen/contraction_blocks.h"

#include <algorithm>

#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

// Below so many operations a task costs more to hand out than another thread can win; beyond the first few,
// tasks had better be large.
constexpr double kTaskFlops = 2e6, kLargeTaskFlops = 256e6;
constexpr int64_t kFewTasks = 8, kMostTasks = 32;
constexpr int64_t kEvenRows = 64;    // from which uneven shares count
constexpr int64_t kColumnShare = 2;  // of the second-level cache, for a block's columns
constexpr int64_t kPackedShare = 8;  // the same for rows packed at once

}  // namespace

int64_t Blocks::wanted_tasks() const {
  double flops =
      2.0 * static_cast<double>(s_.rows) * static_cast<double>(s_.columns) * static_cast<double>(s_.depth);
  auto few = std::min(kFewTasks, static_cast<int64_t>(flops / kTaskFlops));
  return std::clamp(std::max(few, static_cast<int64_t>(flops / kLargeTaskFlops)), int64_t{1}, kMostTasks);
}

// Columns are cut for the caches' sake too; tasks of other rows follow each other on one thread and cost nothing.
Plan Blocks::best(const Plan& plan) const {
  const int64_t width = plan.width(), columns = round_up(std::max<int64_t>(s_.columns, 1), width),
                wanted = wanted_tasks();
  const int64_t fewest = ceil_div(columns, longest(plan, width, kColumnShare) + width);
  Plan out = plan;
  double best = -1;
  for (int64_t cut = fewest; cut <= std::max(wanted, fewest); ++cut) {
    Plan p = plan;
    p.column_block = round_up(ceil_div(columns, cut), width);
    p.row_block = row_block(p, ceil_div(wanted, ceil_div(columns, p.column_block)));
    double cycles = cost_.moving(p);
    if (best >= 0 && cycles >= best) continue;
    best = cycles;
    out = p;
  }
  return out;
}

// Longest side of a block whose panel fills that share of the second-level cache.
int64_t Blocks::longest(const Plan& p, int64_t unit, int64_t share) const {
  int64_t fits = target_.l2_bytes / share / (cost_.depth_at_once(p) * s_.element_bytes);
  return std::max(unit, fits / unit * unit);
}

// Of so many tasks, or of more where a buffer holds the block's rows.
int64_t Blocks::row_block(const Plan& p, int64_t tasks) const {
  int64_t most = round_up(std::max<int64_t>(s_.rows, 1), p.tile.rows);
  if (p.rows != RowLayout::InPlace) most = longest(p, p.tile.rows, kPackedShare);
  if (!s_.plain) most = std::min(most, longest(p, p.tile.rows, kColumnShare));
  return std::min(even(p.tile.rows, tasks), most);
}

// Rows of the first half of the tasks.
int64_t Blocks::half(int64_t block) const { return ceil_div(ceil_div(s_.rows, block), 2) * block; }

// The length of so many tasks or of up to twice as many, in whole tiles, whose first half has the least: so threads get
// like shares, and of products that have a side in common the same ones.
int64_t Blocks::even(int64_t tile, int64_t tasks) const {
  auto length = [&](int64_t count) { return round_up(ceil_div(std::max<int64_t>(s_.rows, 1), count), tile); };
  int64_t best = length(tasks);
  for (int64_t count = tasks + 1; count < 2 * tasks; ++count) {
    if (half(length(count)) < half(best)) best = length(count);
  }
  return best;
}

double Blocks::uneven(int64_t tile_rows) const {
  int64_t tasks = wanted_tasks();
  if (tasks == 1 || s_.plain || s_.rows < kEvenRows) return 0;
  return 2.0 * static_cast<double>(half(even(tile_rows, tasks))) / static_cast<double>(s_.rows) - 1;
}

}  // namespace nnc::contraction
