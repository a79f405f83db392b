#include "codegen/contraction_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>

#include <fmt/format.h>

namespace nnc::contraction {
namespace {

int64_t round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Cycles per element of four bytes that is moved, measured: a line of a panel is read, and written to the
// second-level cache, in about six cycles; the first tile that copies its columns hides most of that.
constexpr double kCopyCost = 0.15, kPackCost = 0.38, kPullCost = 0.5, kGatherCost = 1.2, kTransposeCost = 0.3,
                 kTurnCost = 0.6;
// What a panel costs beside, once it fills more of the second-level cache than that share.
constexpr double kLargePanelCost = 0.2;
constexpr int64_t kLargePanelShare = 8;
// The same for operands read where they are, by every tile: where their lines come one after another; where they
// are so far apart that they share few sets of the first-level cache; and where they come from behind the second,
// and share few of its sets or are on more pages than the page table's cache holds.
constexpr double kInPlaceCost = 0.006, kApartCost = 0.03, kFarCost = 0.25, kPagesCost = 0.8;
// Of a vector's element that is copied from so far: the lines of a step that are neighbours come faster.
constexpr double kFarCopyCost = 1.2;
constexpr int kWideVectors = 4;
// Rows that a strip brings to the first-level cache from the second, or from behind it.
constexpr double kNearRows = 0.06, kFarRows = 0.25;
constexpr int64_t kPage = 4096, kTableReach = 8 << 20;
// Below so many operations a task costs more to hand out than another thread can win; beyond the first few,
// tasks had better be large.
constexpr double kTaskFlops = 2e6, kLargeTaskFlops = 256e6;
constexpr int64_t kFewTasks = 8, kMostTasks = 32;
constexpr double kThreads = 2;         // that are expected
constexpr int64_t kPackedShare = 8;    // of the second-level cache, for rows packed at once
constexpr double kLaneSumCost = 3;     // of adding two vectors' halves
constexpr double kStreamRate = 16;     // bytes a cycle from the second-level cache
constexpr double kStreamShare = 0.01;  // of that time, where it is hidden
constexpr double kRunCost = 3;         // of a tile's row of results
constexpr double kLoadCost = 0.1;      // of a load beside what its port takes
constexpr double kRunRate = 32;        // the same in long runs
constexpr int64_t kWholeDepth = 1024;  // up to here depth is not cut
constexpr int64_t kChunkDepth = 512;   // of what is cut
constexpr int64_t kShortDepth = 256;   // the same where rows are packed, or so few that results cost little
constexpr int64_t kFewRows = 48;
constexpr int64_t kChunkSymbolic = 256;  // at least, where depth is unknown

OperandShape operand_shape(const Operand& operand, const Bindings& expected) {
  OperandShape out;
  out.unit = operand.unit;
  if (!operand.strided) return out;
  out.strided = true;
  out.fixed = operand.strided->free_stride.is_constant();
  out.free_stride = operand.strided->free_stride.evaluate(expected);
  out.depth_stride = operand.strided->depth_stride.evaluate(expected);
  return out;
}

class Chooser {
 public:
  Chooser(const ProblemShape& shape, const Target& target) : s_(shape), target_(target) {
    plan_.tile.lanes = static_cast<int>(std::max<int64_t>(1, target.vector_bytes / shape.element_bytes));
  }

  /// The best plan with vectors along columns.
  Plan by_columns() {
    choose_depth();
    choose_tile();
    choose_columns();
    choose_rows();
    return finished(tile_cycles(plan_.tile.rows, plan_.tile.vectors));
  }

  /// The best plan with vectors along depth, where columns are contiguous there.
  std::optional<Plan> by_depth() {
    if (s_.column.unit != Unit::Depth || plan_.tile.lanes == 1) return std::nullopt;
    plan_.axis = VectorAxis::Depth;
    choose_depth();
    choose_sums();
    bool readable = s_.row.strided && s_.row.fixed && s_.row.unit == Unit::Depth;
    plan_.rows = readable ? RowLayout::InPlace : RowLayout::PanelByDepth;
    return finished(sums_cycles(plan_.tile.rows, plan_.tile.vectors));
  }

 private:
  Plan finished(double computing) {
    choose_blocks();
    plan_.direct = s_.plain;
    plan_.cycles = computing + moving_cycles(plan_) + result_cycles();
    return plan_;
  }

  // What is not an accumulator holds a tile's columns and one broadcast element.
  int accumulator_limit() const { return target_.vector_registers - 1; }

  // Fused multiply-adds need two loads' and two fmas' ports, four cycles before the next of the same chain, and
  // columns that come from the second-level cache: where all else is equal, fewer of them.
  double step_cycles(int rows, int vectors) const {
    double stream = columns_in_l1() || passing() ? 0 : vectors * target_.vector_bytes / kStreamRate;
    return std::max({rows * vectors / 2.0, (rows + vectors) * (0.5 + kLoadCost), 4.0, stream}) +
           stream * kStreamShare;
  }

  // Columns that few rows read once from behind the caches.
  bool passing() const { return columns_far() && s_.rows <= kFewRows; }

  bool columns_in_l1() const {
    return s_.columns * depth_at_once() * s_.element_bytes <= target_.l1_bytes / 2;
  }

  bool rows_in_l1() const { return s_.rows * depth_at_once() * s_.element_bytes <= target_.l1_bytes / 2; }

  // Cycles for `count` rows by tiles of so many vectors: whole tiles, then what remains in one (or, where the
  // count is not known, in pieces by powers of two).
  double rows_cycles(int tile, int vectors) const {
    double whole = static_cast<double>(s_.rows / tile);
    double cycles = whole * step_cycles(tile, vectors);
    int rest = static_cast<int>(s_.rows % tile);
    if (s_.rows_fixed) return rest > 0 ? cycles + step_cycles(rest, vectors) : cycles;
    for (int piece = 16; piece > 0; piece /= 2) {
      if (rest & piece) cycles += step_cycles(piece, vectors);
    }
    return cycles;
  }

  double tile_cycles(int rows, int vectors) const {
    int64_t width = static_cast<int64_t>(vectors) * plan_.tile.lanes;
    int64_t whole = s_.columns / width, rest = ceil_div(s_.columns % width, plan_.tile.lanes);
    double cycles = static_cast<double>(whole) * rows_cycles(rows, vectors);
    if (rest > 0 && s_.columns_fixed)
      cycles += rows_cycles(rows, static_cast<int>(rest));
    else
      cycles += static_cast<double>(rest) * rows_cycles(rows, 1);
    double tiles = static_cast<double>(ceil_div(s_.rows, rows) * (whole + rest));
    double stores = static_cast<double>(s_.rows * ceil_div(s_.columns, plan_.tile.lanes));
    double runs = static_cast<double>(s_.rows) *
                  std::ceil(static_cast<double>(s_.columns) / static_cast<double>(width));
    return cycles * static_cast<double>(s_.depth) + tiles * 20 + stores + runs * kRunCost;
  }

  // Few rows read their columns from where they are, by wide tiles for their lines' sake; more than a tile's copy them.
  double far_cycles(int rows, int vectors) const {
    if (!passing()) return 0;
    double cost = kFarCopyCost / std::min(vectors, kWideVectors) + (s_.rows > rows ? kCopyCost : 0);
    return static_cast<double>(s_.columns * s_.depth) * moved(cost);
  }

  void choose_tile() {
    double best = -1, best_load = 0;
    for (int vectors = 1; vectors <= 6; ++vectors) {
      for (int rows = 1; rows * vectors + vectors + 1 <= accumulator_limit(); ++rows) {
        if (rows_collide(rows)) break;
        double cycles = tile_cycles(rows, vectors) + far_cycles(rows, vectors),
               load = 1.0 / rows + 1.0 / vectors;
        bool better = best < 0 || cycles < best * 0.999 || (cycles < best * 1.001 && load < best_load);
        if (!better) continue;
        best = cycles;
        plan_.tile.rows = rows;
        plan_.tile.vectors = vectors;
        best_load = load;
      }
    }
  }

  // Cycles of tiles of sums: vectors along depth, and their lanes added at the end.
  double sums_cycles(int rows, int columns) const {
    auto tile = [&](int64_t r) {
      int64_t sums = r * columns;
      auto streamed = static_cast<double>((columns_in_l1() ? 0 : columns) + (rows_in_l1() ? 0 : r));
      double stream = streamed * target_.vector_bytes / kRunRate;
      auto loads = static_cast<double>(r + columns);
      double step = std::max({static_cast<double>(sums) / 2, loads / 2, 4.0, stream}) + loads * kLoadCost;
      double halves = columns - 1 + std::log2(plan_.tile.lanes) - std::ceil(std::log2(columns));
      return step * static_cast<double>(ceil_div(s_.depth, plan_.tile.lanes)) +
             kLaneSumCost * static_cast<double>(r) * halves + 20;
    };
    double strips = static_cast<double>(s_.rows / rows) * tile(rows);
    if (int64_t rest = s_.rows % rows) strips += tile(rest);
    return strips * static_cast<double>(ceil_div(s_.columns, columns));
  }

  void choose_sums() {
    double best = -1;
    int most_rows = static_cast<int>(std::clamp<int64_t>(s_.rows, 1, accumulator_limit()));
    for (int columns = 1; columns <= plan_.tile.lanes; ++columns) {
      for (int rows = 1; rows <= most_rows && rows * (columns + 1) + 1 <= accumulator_limit(); ++rows) {
        double cycles = sums_cycles(rows, columns);
        if (best >= 0 && cycles >= best) continue;
        best = cycles;
        plan_.tile.rows = rows;
        plan_.tile.vectors = columns;
      }
    }
  }

  // Whether rows read in place share so few sets of the first-level cache that not all of their lines fit.
  bool rows_collide(int rows) const {
    if (!s_.row.strided || !s_.row.fixed || s_.row.depth_stride != 1 || rows == 1) return false;
    int64_t distinct = kPage / std::gcd(s_.row.free_stride * s_.element_bytes, kPage);
    return ceil_div(rows, std::max<int64_t>(distinct, 1)) > target_.l1_bytes / kPage;
  }

  int64_t strips() const { return ceil_div(s_.rows, plan_.tile.rows); }
  int64_t panels() const { return ceil_div(s_.columns, plan_.width()); }

  bool columns_near() const { return s_.columns * s_.depth * s_.element_bytes <= target_.l2_bytes / 2; }

  // Columns a step apart by whole pages share few sets, by more than a page at every step need another entry.
  bool columns_apart() const {
    int64_t stride = s_.column.depth_stride * s_.element_bytes;
    if (stride == 0) return false;
    return stride % kPage == 0 || (stride > kPage && s_.depth * stride > kTableReach);
  }
  bool columns_far() const { return columns_apart() && !columns_near(); }

  // The same for rows, of which a step needs less than a line.
  double rows_far() const {
    int64_t stride = s_.row.depth_stride * s_.element_bytes;
    return stride < kPage / 4 ? 0 : stride % kPage == 0 ? kPagesCost : kFarCost;
  }

  double moved(double cost) const { return cost * static_cast<double>(s_.element_bytes) / 4; }

  // Cycles per element of the columns, for one block of rows.
  double column_cost(ColumnLayout layout, int64_t strips) const {
    const OperandShape& c = s_.column;
    if (plan_.axis == VectorAxis::Depth) return along_depth_cost(strips);
    double in_place = columns_far() ? kFarCost : columns_apart() ? kApartCost : kInPlaceCost;
    double pack = c.unit == Unit::Neither ? kGatherCost : c.strided ? kPackCost : kPullCost;
    switch (layout) {
      case ColumnLayout::InPlace:
        return moved(in_place * static_cast<double>(strips));
      case ColumnLayout::Copied:
        return moved(kCopyCost + (columns_far() ? kFarCopyCost / plan_.tile.vectors : in_place));
      case ColumnLayout::Packed:
        return moved(pack + (columns_far() ? kFarCost : 0));
      case ColumnLayout::Transposed:
        return moved(pack + kTransposeCost);
    }
    return 0;
  }

  // A prologue is computed by every strip.
  double along_depth_cost(int64_t strips) const {
    double prologue = s_.column.strided ? 0 : kPullCost;
    return moved(columns_near() ? kNearRows : kPackCost) + moved(prologue) * static_cast<double>(strips);
  }

  void choose_columns() {
    const OperandShape& c = s_.column;
    bool contiguous = c.strided && ((c.fixed && c.free_stride == 1) || (s_.columns == 1 && s_.columns_fixed));
    plan_.columns = c.unit == Unit::Depth ? ColumnLayout::Transposed : ColumnLayout::Packed;
    if (!contiguous) return;
    plan_.columns = ColumnLayout::Packed;
    for (ColumnLayout other : {ColumnLayout::Copied, ColumnLayout::InPlace}) {
      if (column_cost(other, strips()) <= column_cost(plan_.columns, strips())) plan_.columns = other;
    }
    if (strips() <= 1) plan_.columns = ColumnLayout::InPlace;
  }

  // Cycles per element of the rows, for one block of columns.
  double row_cost(RowLayout layout, int64_t panels) const {
    const OperandShape& r = s_.row;
    if (layout == RowLayout::PanelByDepth && r.unit != Unit::Depth)
      return moved(kGatherCost + rows_far() / 2);
    if (layout != RowLayout::InPlace)
      return moved((r.unit == Unit::Neither ? kGatherCost
                    : r.strided             ? kPackCost
                                            : kPullCost) +
                   rows_far() / 2);
    bool near = s_.rows * s_.depth * s_.element_bytes <= target_.l2_bytes / 2;
    double by_panel = std::max(rows_far(), r.depth_stride == 1 ? 0 : kInPlaceCost);
    return moved((near ? kNearRows : kFarRows) + by_panel * static_cast<double>(panels));
  }

  void choose_rows() {
    const OperandShape& r = s_.row;
    RowLayout packed = r.unit == Unit::Free ? RowLayout::PanelByRow : RowLayout::PanelByDepth;
    bool adjacent = r.free_stride == 1 || r.depth_stride == 1 || s_.depth == 1 || s_.rows == 1;
    bool readable = r.strided && r.fixed && adjacent;
    plan_.rows = readable && row_cost(RowLayout::InPlace, panels()) <= row_cost(packed, panels())
                     ? RowLayout::InPlace
                     : packed;
  }

  // Depth is cut where neither all of the columns stay in the second-level cache nor a strip of rows in the first;
  // shorter where that costs little, and where it has rows and columns packed fewer times.
  void choose_depth() {
    bool turned = s_.plain && s_.row.strided && s_.row.depth_stride != 1;
    bool packs_columns = plan_.axis == VectorAxis::Columns, few = s_.rows <= kFewRows && !columns_near();
    bool brief = packs_columns && (turned || few);
    int64_t chunk = brief ? kShortDepth : kChunkDepth;
    int64_t most = brief ? kShortDepth * 5 / 4 : columns_near() || !packs_columns ? kWholeDepth : kChunkDepth;
    if (s_.depth_fixed && s_.depth <= most) return;
    int64_t chunks = std::max<int64_t>(ceil_div(s_.depth, s_.depth <= most ? most : chunk), 1);
    plan_.depth_chunk = round_up(ceil_div(std::max<int64_t>(s_.depth, 1), chunks), 16);
    if (!s_.depth_fixed) plan_.depth_chunk = std::max(plan_.depth_chunk, kChunkSymbolic);
  }

  int64_t depth_at_once() const {
    return plan_.depth_chunk > 0 ? plan_.depth_chunk : std::max<int64_t>(s_.depth, 1);
  }

  // Longest side of a block whose panel fills that share of the second-level cache.
  int64_t longest(int64_t unit, int64_t share = 2) const {
    int64_t fits = target_.l2_bytes / share / (depth_at_once() * s_.element_bytes);
    return std::max(unit, fits / unit * unit);
  }

  int64_t wanted_tasks() const {
    double flops =
        2.0 * static_cast<double>(s_.rows) * static_cast<double>(s_.columns) * static_cast<double>(s_.depth);
    auto few = std::min(kFewTasks, static_cast<int64_t>(flops / kTaskFlops));
    return std::clamp(std::max(few, static_cast<int64_t>(flops / kLargeTaskFlops)), int64_t{1}, kMostTasks);
  }

  // The way to cut columns and rows into enough tasks that moves least. Columns are cut for the caches' sake too;
  // tasks of other rows follow each other on one thread and cost nothing.
  void choose_blocks() {
    int64_t columns = round_up(std::max<int64_t>(s_.columns, 1), plan_.width());
    int64_t fewest = ceil_div(columns, longest(plan_.width()) + plan_.width());
    int64_t wanted = wanted_tasks();
    double best = -1;
    for (int64_t cut = fewest; cut <= std::max(wanted, fewest); ++cut) {
      Plan p = plan_;
      p.column_block = round_up(ceil_div(columns, cut), p.width());
      p.row_block = row_block(ceil_div(wanted, ceil_div(columns, p.column_block)));
      double cycles = moving_cycles(p);
      if (best >= 0 && cycles >= best) continue;
      best = cycles;
      plan_ = p;
    }
  }

  // Of so many tasks, or of more where a buffer holds the block's rows.
  int64_t row_block(int64_t tasks) const {
    int64_t rows = round_up(std::max<int64_t>(s_.rows, 1), plan_.tile.rows), most = rows;
    if (plan_.rows != RowLayout::InPlace) most = longest(plan_.tile.rows, kPackedShare);
    if (!s_.plain) most = std::min(most, longest(plan_.tile.rows));
    return std::min(round_up(ceil_div(rows, tasks), plan_.tile.rows), most);
  }

  static bool has_panel(const Plan& p) { return p.columns != ColumnLayout::InPlace; }

  // Threads that share a block's columns pack them each; so does every task whose results wait for the last chunk.
  double times_packed(int64_t column_blocks, int64_t row_blocks) const {
    bool wait = !s_.plain && (plan_.depth_chunk > 0 || !s_.output_by_columns);
    auto tasks = static_cast<double>(row_blocks);
    return wait ? tasks : std::clamp(kThreads / static_cast<double>(column_blocks), 1.0, tasks);
  }

  double moving_cycles(const Plan& p) const {
    double rows = static_cast<double>(s_.rows * s_.depth),
           columns = static_cast<double>(s_.columns * s_.depth);
    int64_t row_blocks = ceil_div(std::max<int64_t>(s_.rows, 1), p.row_block),
            column_blocks = ceil_div(std::max<int64_t>(s_.columns, 1), p.column_block);
    double times = times_packed(column_blocks, row_blocks);
    double met = static_cast<double>(strips()) / times;
    double column = column_cost(p.columns, static_cast<int64_t>(std::ceil(met))),
           row = row_cost(p.rows, ceil_div(p.column_block, p.width()));
    if (has_panel(p) &&
        p.column_block * depth_at_once() * s_.element_bytes > target_.l2_bytes / kLargePanelShare)
      column += moved(kLargePanelCost);
    return columns * column * times + rows * row * static_cast<double>(column_blocks);
  }

  double result_cycles() const {
    double elements = static_cast<double>(s_.rows * s_.columns);
    if (plan_.direct) return 0;
    return elements * (s_.scattered ? kGatherCost : s_.output_by_columns ? kCopyCost : kTurnCost);
  }

  const ProblemShape& s_;
  const Target& target_;
  Plan plan_;
};

}  // namespace

ProblemShape problem_shape(const Form& form, const Bindings& expected) {
  ProblemShape s;
  auto extent = [&](Axis a) { return form.extent(a).evaluate(expected); };
  s.batch = extent(kBatch);
  s.rows = extent(kRow);
  s.columns = extent(kColumn);
  s.depth = extent(kDepth);
  s.rows_fixed = form.extent(kRow).is_constant();
  s.columns_fixed = form.extent(kColumn).is_constant();
  s.depth_fixed = form.extent(kDepth).is_constant();
  s.element_bytes = size_of(form.accumulator());
  s.row = operand_shape(form.rows(), expected);
  s.column = operand_shape(form.columns(), expected);
  s.plain = form.plain();
  s.scattered = form.scattered();
  s.output_by_columns = form.output_unit() == kColumn;
  return s;
}

Plan choose(const ProblemShape& shape, const Target& target) {
  Plan plan = Chooser(shape, target).by_columns();
  std::optional<Plan> other = Chooser(shape, target).by_depth();
  return other && other->cycles < plan.cycles ? *other : plan;
}

std::string Plan::str() const {
  constexpr std::string_view row_names[] = {"in_place", "panel_by_depth", "panel_by_row"};
  constexpr std::string_view column_names[] = {"in_place", "copied", "packed", "transposed"};
  return fmt::format("tile {}x{}x{}{} rows {} columns {} block {}x{} depth {}{}", tile.rows, tile.vectors,
                     tile.lanes, axis == VectorAxis::Depth ? " along depth" : "",
                     row_names[static_cast<int>(rows)], column_names[static_cast<int>(columns)], row_block,
                     column_block, depth_chunk, direct ? " direct" : "");
}

}  // namespace nnc::contraction
