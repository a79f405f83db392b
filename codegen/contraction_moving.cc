// The part of a plan's cost that is neither arithmetic nor tiles: operands that are read, copied and packed, results that are
// written, by where their lines lie and which cache holds them.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "codegen/contraction_cost.h"
#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

// Cycles per element of four bytes that is moved: a line of a panel is read, and written to the second-level cache, in
// about six cycles; the first tile that copies its columns hides most of that.
constexpr double kCopyCost = 0.25, kKeepCost = 0.15, kPackCost = 0.38, kPullCost = 0.5, kGatherCost = 1.2,
                 kRowPanelCost = 1, kTurnCost = 0.6, kFarTurnCost = 2.5;
// What a panel costs beside, once it fills more of the second-level cache than that share.
constexpr double kLargePanelCost = 0.2;
constexpr int64_t kLargePanelShare = 8;
// The same for operands read where they are, by every tile: where they stay in the first-level cache; where their lines
// come one after another; where each step's are on another page; where they are so far apart that they share few sets of
// it; where vectors lie across two lines; and where they come from behind the second-level cache, and share few of its
// sets or are on more pages than the page table's cache holds.
constexpr double kStayingCost = 0.001, kInPlaceCost = 0.0025, kPagesCost = 0.004, kApartCost = 0.02,
                 kAstrideCost = 0.035, kFarCost = 0.25;
// Of rows' elements that are no neighbours along depth, or lie so far apart at every step, by every panel; of few steps
// the lines stay.
constexpr double kTurnedRowsCost = 0.006, kStayingShare = 0.25;
constexpr int64_t kStayingDepth = 64;
// Of a vector's element that is copied from so far: the lines of a step that are neighbours come faster.
constexpr double kFarCopyCost = 0.9;
constexpr int kWideVectors = 3;
// Rows that a strip brings to the first-level cache from the second, or from behind it.
constexpr double kNearRows = 0.06, kFarRows = 0.25;
constexpr int kRowsBesideColumns = 3;   // at least, for columns to stay in the first-level cache
constexpr int64_t kManyRows = 16;       // that are worth it
constexpr int64_t kLongRow = 256;       // bytes of results worth being written in order if they are many,
constexpr int64_t kVeryLongRow = 1024;  // and anyhow
constexpr int64_t kFewSets = 1024;      // bytes between lines that share a few sets of the first-level cache
constexpr int64_t kPage = 4096, kTableReach = 8 << 20;
constexpr double kThreads = 2;        // that are expected to share a product
constexpr double kSharedCost = 0.6;   // of a byte whose line another of them has written
constexpr double kSharedLines = 0.3;  // of a byte of results in lines that each of them writes a part of
constexpr double kCutRunCost = 100;   // of a row of results that begins anew, on another page

}  // namespace

bool Cost::rows_collide(int rows) const {
  if (!s_.row.strided || !s_.row.fixed || s_.row.depth_stride != 1 || rows == 1) return false;
  int64_t distinct = kPage / std::gcd(s_.row.free_stride * s_.element_bytes, kPage);
  return ceil_div(rows, std::max<int64_t>(distinct, 1)) > target_.l1_bytes / kPage;
}

bool Cost::streams_collide(const Plan& p) const {
  auto alike = [&](const OperandShape& o, int streams) {
    return o.strided && o.free_stride * s_.element_bytes % kPage == 0 ? streams : 0;
  };
  const int rows = p.rows == RowLayout::InPlace ? alike(s_.row, p.tile.rows) : 0;
  return rows + alike(s_.column, p.tile.vectors) > rates_.streams_alike;
}

bool Cost::columns_paged() const {
  int64_t stride = s_.column.depth_stride * s_.element_bytes;
  return stride > 0 && stride % kPage == 0;
}

// Of more steps than the nearest of the page table's caches has entries.
bool Cost::columns_on_pages() const {
  return s_.column.depth_stride * s_.element_bytes > kPage && s_.depth > rates_.near_pages;
}

// Columns a step apart by whole pages share few sets, by more than a page at every step need another entry.
bool Cost::columns_apart() const {
  int64_t stride = s_.column.depth_stride * s_.element_bytes;
  return columns_paged() || (stride > kPage && s_.depth * stride > kTableReach);
}

// Columns and results whose rows are whole pages apart share sets of the first-level cache: of few steps, few enough rows
// leave room for all of them, and for a line of the rows.
bool Cost::columns_stay(int rows) const {
  bool fit = 3 * s_.columns * s_.depth * s_.element_bytes <= 2 * target_.l1_bytes;
  return columns_paged() && fit && s_.rows >= kManyRows && s_.depth + rows + 1 < target_.l1_bytes / kPage;
}

// Results whole pages apart do so without such columns where a strip has more rows than a set has lines.
bool Cost::results_collide(int rows) const {
  const bool apart = s_.output_by_columns && s_.columns * s_.element_bytes % kPage == 0;
  return (columns_stay(kRowsBesideColumns) && !columns_stay(rows)) || (apart && rows > rates_.runs_alike);
}

int Cost::lone_row() const {
  const int64_t stride = s_.column.depth_stride * s_.element_bytes;
  return s_.depth > 1 && stride % kFewSets == 0 ? rates_.lone_row_alike : rates_.lone_row;
}

bool Cost::ordered_results() const {
  const int64_t row = s_.columns * s_.element_bytes;
  const bool pays = row >= kVeryLongRow || (row >= kLongRow && 2 * s_.rows * row > target_.l1_bytes);
  return rates_.orders_results && pays && s_.depth == 1 && s_.plain && s_.output_by_columns;
}

// The same for rows, of which a step needs less than a line.
double Cost::by_row_stride(double paged, double far) const {
  int64_t stride = s_.row.depth_stride * s_.element_bytes;
  return stride < kPage / 4 ? 0 : stride % kPage == 0 ? paged : far;
}

// Cycles of a step that reads such rows from where they are: its lines stay for the strip's other panels.
double Cost::strided_rows(const Plan& p) const {
  const bool packed = per_row(RowLayout::PanelByRow, panels(p)) < per_row(RowLayout::InPlace, panels(p));
  const double once = by_row_stride(rates_.paged_rows, rates_.far_rows);
  return packed ? 0 : once / static_cast<double>(std::max<int64_t>(panels(p), 1));
}

double Cost::rows_far() const {
  const double cost = by_row_stride(rates_.paged_row_element, rates_.far_row_element);
  return s_.depth <= kStayingDepth ? cost * kStayingShare : cost;
}

// Few rows read far columns from where they are, by wide tiles for their lines' sake; more than a tile's copy them. So do
// many strips where vectors lie across lines.
double Cost::passing_columns(const Plan& p) const {
  bool once = s_.rows <= p.tile.rows;
  double cost = 0;
  if (passing())
    cost = kFarCopyCost / std::min(p.tile.vectors, kWideVectors) + (once ? 0 : kCopyCost);
  else if (columns_astride() && !once)
    cost = std::min(kAstrideCost * static_cast<double>(strips(p)), kCopyCost);
  return static_cast<double>(s_.columns * s_.depth) * moved(cost);
}

double Cost::per_column(const Plan& p, ColumnLayout layout, int64_t strips) const {
  if (p.axis == VectorAxis::Depth) return along_depth(strips);
  const OperandShape& c = s_.column;
  bool far = columns_far() || (waits(p) && !columns_near());
  double in_place = columns_stay(p.tile.rows) ? kStayingCost
                    : far                     ? kFarCost
                    : columns_apart()         ? kApartCost
                    : columns_astride()       ? kAstrideCost
                    : columns_on_pages()      ? kPagesCost
                                              : kInPlaceCost;
  double pack = c.unit == Unit::Neither ? kGatherCost : c.strided ? kPackCost : kPullCost;
  switch (layout) {
    case ColumnLayout::InPlace:
      return moved(in_place * static_cast<double>(strips));
    case ColumnLayout::Copied:
      return moved(kCopyCost + (columns_far() ? kFarCopyCost / p.tile.vectors : in_place));
    case ColumnLayout::Packed:
      return moved(pack + (columns_far() ? kFarCost : 0));
    case ColumnLayout::Transposed:
      return moved(pack + (columns_near() ? rates_.transposed : rates_.far_transposed));
  }
  return 0;
}

// A prologue is computed by every strip.
double Cost::along_depth(int64_t strips) const {
  double prologue = s_.column.strided ? 0 : kPullCost * static_cast<double>(strips);
  return moved((columns_near() ? kNearRows : rates_.far_element) + prologue);
}

double Cost::per_row(RowLayout layout, int64_t panels) const {
  const OperandShape& r = s_.row;
  bool gathers = r.unit == Unit::Neither || (layout == RowLayout::PanelByDepth && r.unit != Unit::Depth);
  double pack = layout == RowLayout::PanelByRow ? kRowPanelCost : kPackCost;
  if (layout != RowLayout::InPlace)
    return moved((gathers ? kGatherCost : r.strided ? pack : kPullCost) + rows_far() / 2);
  bool near = s_.rows * s_.depth * s_.element_bytes <= target_.l2_bytes / 2;
  double by_panel = std::max(rows_far(), r.depth_stride == 1 ? 0 : kTurnedRowsCost);
  return moved((near ? kNearRows : kFarRows) + by_panel * static_cast<double>(panels));
}

// Whether a task's results are kept until the last of several chunks: it runs alone, through all of its columns.
bool Cost::waits(const Plan& p) const {
  return !s_.plain && p.depth_chunk > 0 && (s_.depth > p.depth_chunk || !s_.output_by_columns);
}

// Threads that share a block's columns pack them each; so does every task that waits.
double Cost::times_packed(const Plan& p, int64_t column_blocks, int64_t row_blocks) const {
  auto tasks = static_cast<double>(row_blocks);
  return waits(p) ? tasks : std::clamp(kThreads / static_cast<double>(column_blocks), 1.0, tasks);
}

// Threads that divide the columns read all of the rows, part of which others have written and may still hold; those that
// divide the rows, all columns. Results lie together for those that divide the axis along which they are no neighbours.
double Cost::shared(int64_t column_blocks, int64_t row_blocks) const {
  const bool by_columns = static_cast<double>(column_blocks) >= kThreads;
  if (s_.batch > 1 || (!by_columns && row_blocks == 1)) return 0;
  auto held = [&](int64_t elements, double bytes) {
    double all = static_cast<double>(elements) * bytes;
    return 2 * all < static_cast<double>(target_.l2_bytes) ? all : 0;
  };
  double operand =
      by_columns ? held(s_.rows * s_.depth, s_.row.bytes) : held(s_.columns * s_.depth, s_.column.bytes);
  bool apart = by_columns == s_.output_by_columns;
  double results = apart ? held(s_.rows * s_.columns, static_cast<double>(s_.element_bytes)) : 0;
  return kSharedCost * operand + kSharedLines * results;
}

double Cost::moving(const Plan& p) const {
  auto rows = static_cast<double>(s_.rows * s_.depth), columns = static_cast<double>(s_.columns * s_.depth);
  int64_t row_blocks = ceil_div(std::max<int64_t>(s_.rows, 1), p.row_block),
          column_blocks = ceil_div(std::max<int64_t>(s_.columns, 1), p.column_block);
  double times = times_packed(p, column_blocks, row_blocks);
  auto met = static_cast<int64_t>(std::ceil(static_cast<double>(strips(p)) / times));
  double column = per_column(p, p.columns, met), row = per_row(p.rows, ceil_div(p.column_block, p.width()));
  bool large = p.column_block * depth_at_once(p) * s_.element_bytes > target_.l2_bytes / kLargePanelShare;
  if (p.columns != ColumnLayout::InPlace && large) column += moved(kLargePanelCost);
  return columns * column * times + rows * row * static_cast<double>(column_blocks) +
         cut_runs(column_blocks) + shared(column_blocks, row_blocks);
}

// Where rows are neighbours, squares of lanes are turned over, whole ones at the edges too; results behind the first-level
// cache are written a line here and a line there.
double Cost::results(const Plan& p) const {
  if (p.direct) return 0;
  const int64_t lanes = p.tile.lanes;
  if (!s_.scattered && !s_.output_by_columns) {
    int64_t squares = panels(p) * ceil_div(p.width(), lanes) * ceil_div(s_.rows, lanes);
    bool far = s_.rows * s_.columns * s_.element_bytes > target_.l1_bytes;
    return static_cast<double>(squares * lanes * lanes) * (far ? kFarTurnCost : kTurnCost);
  }
  return static_cast<double>(s_.rows * s_.columns) * (s_.scattered ? kGatherCost : kKeepCost);
}

// Rows of results behind the caches are written the slower the more pieces they are in.
double Cost::cut_runs(int64_t column_blocks) const {
  bool far = s_.rows * s_.columns * s_.element_bytes > target_.l2_bytes;
  return far ? static_cast<double>(s_.rows * (column_blocks - 1)) * kCutRunCost : 0;
}

}  // namespace nnc::contraction
