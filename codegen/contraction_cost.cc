#include "codegen/contraction_cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

// Cycles per element of four bytes that is moved: a line of a panel is read, and written to the second-level cache, in
// about six cycles; the first tile that copies its columns hides most of that.
constexpr double kCopyCost = 0.25, kKeepCost = 0.15, kPackCost = 0.38, kPullCost = 0.5, kGatherCost = 1.2,
                 kTransposeCost = 0.4, kRowPanelCost = 1, kTurnCost = 0.6, kFarTurnCost = 2.5;
// What a panel costs beside, once it fills more of the second-level cache than that share.
constexpr double kLargePanelCost = 0.2;
constexpr int64_t kLargePanelShare = 8;
// The same for operands read where they are, by every tile: where their lines come one after another; where they
// are so far apart that they share few sets of the first-level cache; where vectors lie across two lines; and where
// they come from behind the second-level cache, and share few of its sets or are on more pages than the page table's
// cache holds.
constexpr double kInPlaceCost = 0.0025, kApartCost = 0.02, kAstrideCost = 0.035, kFarCost = 0.25;
// Of rows' elements that are no neighbours along depth, or lie so far apart at every step, by every panel; of few steps
// the lines stay.
constexpr double kTurnedRowsCost = 0.006, kFarRowsCost = 0.12, kPagesCost = 0.45, kStayingShare = 0.25;
constexpr int64_t kStayingDepth = 64;
// Of a vector's element that is copied from so far: the lines of a step that are neighbours come faster.
constexpr double kFarCopyCost = 0.9;
constexpr int kWideVectors = 3;
// Rows that a strip brings to the first-level cache from the second, or from behind it.
constexpr double kNearRows = 0.06, kFarRows = 0.25;
constexpr int64_t kPage = 4096, kTableReach = 8 << 20;
constexpr int64_t kFewRows = 128;
constexpr double kThreads = 2;         // that are expected to share a product
constexpr double kSharedCost = 0.6;    // of a byte whose line another of them has written
constexpr double kSharedLines = 0.3;   // of a byte of results in lines that each of them writes a part of
constexpr int kWidestBytes = 64;       // of a vector
constexpr double kLatency = 4;         // of a fused multiply-add, before the next of its chain
constexpr double kPassCost = 1;        // of a pass of the loop over depth
constexpr double kTileCost = 10;       // of beginning and ending one
constexpr double kHiddenTileCost = 2;  // the same where machines begin the next before, as
constexpr int64_t kWindow = 205;       // tiles of so many instructions let them
constexpr double kRunCost = 1;         // of a tile's row of results
constexpr double kCutRunCost = 100;    // of a row of results that begins anew, on another page
constexpr double kFinishCost = 3;      // times as much, where an epilogue follows
constexpr double kLoadCost = 0.1;      // of a load beside what its port takes
constexpr double kLaneSumCost = 2;     // of adding two vectors' halves
constexpr double kLineCost = 1;        // of a line from the second-level cache, for one element
constexpr double kScatterCost = 2;     // of an element stored apart from others
constexpr double kStreamRate = 32;     // bytes a cycle from the second-level cache
constexpr double kWideEpilogue = 2;  // times that: epilogues are written out for every vector of a tile's row
constexpr double kStreamShare = 0.01;  // of that time, where it is hidden

// Lanes of so many vectors, added halves by halves.
double lane_sums(int vectors, int lanes) {
  double halves = 0;
  for (int bit = 1; bit < lanes; bit *= 2) halves += vectors = (vectors + 1) / 2;
  return kLaneSumCost * halves;
}

}  // namespace

bool Cost::columns_near() const {
  return s_.columns * s_.depth * s_.element_bytes <= target_.l2_bytes / (epilogue_passes() ? 4 : 2);
}
bool Cost::overflow_l1() const {
  const int64_t bytes = s_.columns * s_.depth * s_.element_bytes;
  return bytes > target_.l1_bytes && bytes <= 2 * target_.l1_bytes && !columns_astride();
}
int64_t Cost::strips(const Plan& p) const { return ceil_div(s_.rows, p.tile.rows); }
int64_t Cost::panels(const Plan& p) const { return ceil_div(s_.columns, p.width()); }
bool Cost::few_rows() const { return s_.rows <= kFewRows; }

int64_t Cost::depth_at_once(const Plan& p) const {
  return p.depth_chunk > 0 ? p.depth_chunk : std::max<int64_t>(s_.depth, 1);
}

bool Cost::in_l1(const Plan& p, int64_t extent) const {
  return extent * depth_at_once(p) * s_.element_bytes <= target_.l1_bytes / 2;
}

bool Cost::rows_collide(int rows) const {
  if (!s_.row.strided || !s_.row.fixed || s_.row.depth_stride != 1 || rows == 1) return false;
  int64_t distinct = kPage / std::gcd(s_.row.free_stride * s_.element_bytes, kPage);
  return ceil_div(rows, std::max<int64_t>(distinct, 1)) > target_.l1_bytes / kPage;
}

// Columns a step apart by whole pages share few sets, by more than a page at every step need another entry.
bool Cost::columns_apart() const {
  int64_t stride = s_.column.depth_stride * s_.element_bytes;
  if (stride == 0) return false;
  return stride % kPage == 0 || (stride > kPage && s_.depth * stride > kTableReach);
}

bool Cost::columns_astride() const {
  return s_.column.depth_stride * s_.element_bytes % target_.vector_bytes != 0;
}

// The same for rows, of which a step needs less than a line.
double Cost::rows_far() const {
  int64_t stride = s_.row.depth_stride * s_.element_bytes;
  double cost = stride < kPage / 4 ? 0 : stride % kPage == 0 ? kPagesCost : kFarRowsCost;
  return s_.depth <= kStayingDepth ? cost * kStayingShare : cost;
}

// --- arithmetic

double Cost::computing(const Plan& p) const { return p.axis == VectorAxis::Columns ? tiles(p) : sums(p); }

// Cycles in which a step's columns come from the second-level cache. Where their lines are none of the vectors', one strip
// of rows reads one line more; several, whose broadcasts need the same ports, half as fast.
double Cost::stream(const Plan& p, int vectors) const {
  bool once = s_.rows <= p.tile.rows;
  if (in_l1(p, s_.columns) || (passing() && once)) return 0;
  double lines = !columns_astride() || passing() ? vectors : once ? vectors + 1 : 2 * vectors;
  return lines * target_.vector_bytes / kStreamRate * (s_.plain ? 1 : kWideEpilogue);
}

// Cycles of a load: machines load two of the widest vectors at once, and three of narrower ones.
double Cost::load_port(const Plan& p) const {
  const bool narrow = p.tile.lanes * s_.element_bytes < target_.vector_bytes;
  return narrow && target_.vector_bytes == kWidestBytes ? 1.0 / 3 : 0.5;
}

// Fused multiply-adds need two loads' and two fmas' ports, the chain's latency, and columns that come from the
// second-level cache: where all else is equal, fewer of them.
double Cost::step(const Plan& p, int rows, int vectors) const {
  double streamed = stream(p, vectors),
         passes = p.direct ? 1.0 / p.steps({rows, vectors, p.tile.lanes}).pass : 0;
  return std::max({rows * vectors / 2.0, (rows + vectors) * (load_port(p) + kLoadCost), kLatency / p.chains,
                   streamed}) +
         streamed * kStreamShare + passes * kPassCost;
}

// A step of all rows by tiles of so many vectors: whole tiles, then what remains in one (or, where the number of rows
// is not known, in pieces by powers of two).
double Cost::strips_of(const Plan& p, int vectors) const {
  double cycles = static_cast<double>(s_.rows / p.tile.rows) * step(p, p.tile.rows, vectors);
  int rest = static_cast<int>(s_.rows % p.tile.rows);
  if (s_.rows_fixed) return rest > 0 ? cycles + step(p, rest, vectors) : cycles;
  for (int piece = 16; piece > 0; piece /= 2) {
    if (rest & piece) cycles += step(p, piece, vectors);
  }
  return cycles;
}

double Cost::tiles(const Plan& p) const {
  const int lanes = p.tile.lanes;
  int64_t whole = s_.columns / p.width(), rest = ceil_div(s_.columns % p.width(), lanes);
  double cycles = static_cast<double>(whole) * strips_of(p, p.tile.vectors);
  if (rest > 0 && s_.columns_fixed)
    cycles += strips_of(p, static_cast<int>(rest));
  else
    cycles += static_cast<double>(rest) * strips_of(p, 1);
  auto count = static_cast<double>(strips(p) * (whole + rest));
  auto stores = static_cast<double>(s_.rows * ceil_div(s_.columns, lanes)),
       runs = static_cast<double>(s_.rows * panels(p));
  double added = kLatency * std::log2(p.chains) + p.tile.rows * p.tile.vectors * (p.chains - 1) / 2.0;
  double finish = s_.plain ? 1 : kFinishCost;
  return cycles * static_cast<double>(s_.depth) + count * (ends(p) * finish + added) + stores +
         runs * kRunCost * finish;
}

// Of beginning and ending a tile.
double Cost::ends(const Plan& p) const {
  const TileShape& t = p.tile;
  return depth_at_once(p) * (t.rows * t.vectors + t.rows + t.vectors) <= kWindow ? kHiddenTileCost
                                                                                 : kTileCost;
}

// A vector of steps for each sum.
double Cost::steps_along_depth(const Plan& p, int64_t rows, int64_t columns) const {
  auto streamed = static_cast<double>((in_l1(p, s_.columns) ? 0 : columns) + (in_l1(p, s_.rows) ? 0 : rows));
  auto loads = static_cast<double>(rows + columns), products = static_cast<double>(rows * columns);
  double stream = streamed * target_.vector_bytes / kStreamRate;
  double cycles = std::max({products / 2, loads / 2, kLatency, stream}) + loads * kLoadCost;
  return cycles * static_cast<double>(ceil_div(s_.depth, target_.vector_bytes / s_.element_bytes));
}

// Vectors along depth, and their lanes added at the end.
double Cost::tile_of_sums(const Plan& p, int64_t rows) const {
  const int columns = p.tile.vectors;
  return steps_along_depth(p, rows, columns) + static_cast<double>(rows) * lane_sums(columns, p.tile.lanes) +
         kTileCost;
}

// Packing reads a line for every element.
double Cost::tail(const Plan& p) const {
  auto count = static_cast<double>(strips(p)), columns = static_cast<double>(p.tail);
  double line = in_l1(p, s_.columns) ? 0 : kLineCost;
  double packing = static_cast<double>(s_.depth) * columns * (moved(kGatherCost) + line);
  double stores = static_cast<double>(s_.rows) * columns * kScatterCost;
  double strip =
      s_.row.unit == Unit::Free
          ? static_cast<double>(s_.depth) * std::max(1.0, (1 + columns) * (load_port(p) + kLoadCost))
          : steps_along_depth(p, p.tile.rows, p.tail) + columns * lane_sums(p.tile.rows, p.tile.lanes);
  return packing + stores + count * (strip + kTileCost);
}

double Cost::sums(const Plan& p) const {
  double cycles = static_cast<double>(s_.rows / p.tile.rows) * tile_of_sums(p, p.tile.rows);
  if (int64_t rest = s_.rows % p.tile.rows) cycles += tile_of_sums(p, rest);
  return cycles * static_cast<double>(panels(p));
}

// --- what is moved

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
  double in_place = far                 ? kFarCost
                    : columns_apart()   ? kApartCost
                    : columns_astride() ? kAstrideCost
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
      return moved(pack + kTransposeCost);
  }
  return 0;
}

// A prologue is computed by every strip.
double Cost::along_depth(int64_t strips) const {
  double prologue = s_.column.strided ? 0 : kPullCost * static_cast<double>(strips);
  return moved((columns_near() ? kNearRows : kPackCost) + prologue);
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
