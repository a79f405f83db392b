#include "codegen/contraction_blocks.h"

#include <algorithm>

#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

// Below so many operations of a core that does two multiply-adds a cycle, a task costs more to hand out than another thread
// can win; beyond the first few, tasks had better be large.
constexpr double kTaskFlops = 2e6, kLargeTaskFlops = 256e6;
constexpr double kDoubtfulFlops = 2e6;  // of a product from which two threads may be quicker all the same
constexpr double kHandOut = 1500;       // cycles of their meeting before and after
constexpr double kEpilogueStep = 0.05;  // cycles for each operation of an element,
constexpr double kEpilogueByte = 0.04;  // and for each byte it is made of, as Adam's update takes: 21 and 12
constexpr int64_t kFewTasks = 8, kMostTasks = 32;
constexpr int64_t kEvenRows = 64;    // from which uneven shares count
constexpr int64_t kColumnShare = 2;  // of the second-level cache, for a block's columns
constexpr int64_t kPackedShare = 8;  // the same for rows packed at once

}  // namespace

// As many as such a core would do in the time that this one takes.
double Blocks::flops() const {
  const double done =
      2.0 * static_cast<double>(s_.rows) * static_cast<double>(s_.columns) * static_cast<double>(s_.depth);
  return done * core_rates(target_).wide.multiply_add / VectorRates{}.multiply_add;
}

int64_t Blocks::wanted_tasks() const {
  auto few = std::min(kFewTasks, static_cast<int64_t>(flops() / kTaskFlops));
  return std::clamp(std::max(few, static_cast<int64_t>(flops() / kLargeTaskFlops)), int64_t{1}, kMostTasks);
}

bool Blocks::doubtful() const { return !s_.plain && wanted_tasks() == 1 && flops() >= kDoubtfulFlops; }

// Columns are cut for the caches' sake too; tasks of other rows follow each other on one thread and cost nothing.
Plan Blocks::best(const Plan& plan) const {
  const int64_t width = plan.width(), columns = round_up(std::max<int64_t>(s_.columns, 1), width),
                wanted = doubtful() ? 2 : wanted_tasks();
  const int64_t fewest = ceil_div(columns, most_columns(plan) + width);
  Plan out = plan;
  double best = -1;
  auto consider = [&](int64_t cut, int64_t tasks) {
    Plan p = plan;
    p.column_block = round_up(ceil_div(columns, cut), width);
    p.row_block = row_block(p, ceil_div(tasks, ceil_div(columns, p.column_block)));
    double cycles = cost_.moving(p) + working(p);
    if (best >= 0 && cycles >= best) return;
    best = cycles;
    out = p;
  };
  for (int64_t cut = fewest; cut <= std::max(wanted, fewest); ++cut) consider(cut, wanted);
  if (doubtful() && fewest == 1) consider(1, 1);
  return out;
}

// Of the busier of two threads.
double Blocks::working(const Plan& p) const {
  if (s_.plain) return 0;
  const auto steps = static_cast<double>(s_.epilogue_steps * s_.rows * s_.columns);
  const double all =
      cost_.computing(p) + kEpilogueStep * steps + kEpilogueByte * static_cast<double>(s_.epilogue_bytes);
  const double share = first_share(p);
  return share < 1 ? all * share + kHandOut : all;
}

// The part of all results that the first half of the tasks has.
double Blocks::first_share(const Plan& p) const {
  const int64_t rows = std::max<int64_t>(s_.rows, 1), columns = std::max<int64_t>(s_.columns, 1);
  const int64_t down = ceil_div(rows, p.row_block), tasks = down * ceil_div(columns, p.column_block),
                half = ceil_div(tasks, 2), whole = std::min(half / down * p.column_block, columns);
  const int64_t part = std::min(half % down * p.row_block, rows) * std::min(p.column_block, columns - whole);
  return static_cast<double>(whole * rows + part) / static_cast<double>(rows * columns);
}

// Longest side of a block whose panel fills that share of the second-level cache.
int64_t Blocks::longest(const Plan& p, int64_t unit, int64_t share) const {
  int64_t fits = target_.l2_bytes / share / (cost_.depth_at_once(p) * s_.element_bytes);
  return std::max(unit, fits / unit * unit);
}

// Of half a chunk's steps or fewer, twice as many columns are as near; buffers have room for the chunk all the same.
int64_t Blocks::most_columns(const Plan& p) const {
  const bool half = 2 * s_.depth <= cost_.depth_at_once(p);
  return longest(p, p.width(), kColumnShare) * (half ? 2 : 1);
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
