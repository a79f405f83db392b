#include "codegen/contraction_plan.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "codegen/contraction_blocks.h"
#include "codegen/contraction_cost.h"
#include "codegen/contraction_tile_choice.h"
#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

constexpr int64_t kLeastBytes = 16;   // of a vector
constexpr int kPass = 80;             // instructions of a loop's pass that make it long enough
constexpr int kStepsAhead = 6;        // in which a line comes from the second-level cache
constexpr int64_t kDepthAhead = 128;  // from which asking pays: the last steps ask for what nobody reads
constexpr int64_t kStepsApart = 12;   // of requests for an epilogue's rows
constexpr int64_t kMostTail = 2;      // columns
constexpr int kAnyRows = 1 << 30;     // of a tile
constexpr double kTailGain =
    0.97;  // of the cycles without, for which another kind of loop is worth its code;
constexpr double kLastGain = 1.05;     // of those with a narrow vector, which wants a broadcast more a row
constexpr int64_t kWholeDepth = 1024;  // up to here depth is not cut
constexpr int64_t kChunkDepth = 512;   // of what is cut
constexpr int64_t kShortDepth = 256;   // the same where rows are packed
constexpr int64_t kBriefDepth =
    128;  // and where they are few: results cost little, pages of columns are many
constexpr int64_t kChunkSymbolic = 256;  // at least, where depth is unknown

class Chooser {
 public:
  /// With no more rows to a tile than `most_rows`.
  Chooser(const ProblemShape& shape, const Target& target, int most_rows = kAnyRows)
      : s_(shape),
        cost_(shape, target),
        blocks_(shape, target, cost_),
        tiles_(shape, target, cost_, blocks_, most_rows) {
    plan_.tile.lanes = static_cast<int>(std::max<int64_t>(1, target.vector_bytes / shape.element_bytes));
    plan_.registers = target.vector_registers;
    plan_.direct = s_.plain;
  }

  /// The best plan with vectors along columns.
  Plan by_columns() {
    choose_lanes();
    choose_last();
    choose_passes();
    choose_depth();
    plan_ = tiles_.by_columns(plan_);
    if (plan_.tile.vectors == 1 && cost_.panels(plan_) > 1) plan_.most_of_one = plan_.most_steps;
    choose_columns();
    choose_rows();
    return finished();
  }

  /// The best plan with vectors along depth, where columns are contiguous there.
  std::optional<Plan> by_depth() {
    if (s_.column.unit != Unit::Depth || plan_.tile.lanes == 1) return std::nullopt;
    plan_.axis = VectorAxis::Depth;
    choose_depth();
    bool readable = s_.row.strided && s_.row.fixed && s_.row.unit == Unit::Depth;
    plan_.rows = readable ? RowLayout::InPlace : RowLayout::PanelByDepth;
    plan_ = tiles_.by_depth(plan_);
    return finished();
  }

 private:
  Plan finished() {
    plan_ = blocks_.best(plan_);
    const bool near = cost_.in_l1(plan_, std::min(s_.columns, plan_.column_block));
    if (!near && depth_of_tile() >= kDepthAhead) plan_.ahead = kStepsAhead;
    plan_.next_panel = plan_.columns == ColumnLayout::Copied && cost_.requests_next_panel();
    plan_.next_block = asks_for_next_block();
    plan_.next_results =
        plan_.direct && plan_.axis == VectorAxis::Columns && cost_.requests_next_results(plan_);
    plan_.requests = requests();
    plan_.cycles = cost_.of(plan_);
    return plan_;
  }

  // Columns far away that are transposed block by block, or chunk by chunk.
  bool asks_for_next_block() const {
    const bool another = s_.columns > plan_.column_block || depth_of_tile() < s_.depth;
    const bool transposes = plan_.columns == ColumnLayout::Transposed && s_.column.strided;
    return transposes && another && plan_.chains == 1 && depth_of_tile() >= kStepsApart * kRequestPieces &&
           cost_.requests_next_panel();
  }

  // What passes by the caches is asked for ahead where the last steps of depth leave enough to do between one row's request
  // and the next.
  bool requests() const {
    const bool tiles = s_.output_by_columns && plan_.axis == VectorAxis::Columns && plan_.chains == 1;
    return tiles && depth_of_tile() >= kStepsApart * plan_.tile.rows && cost_.epilogue_passes();
  }

  int64_t depth_of_tile() const { return std::min(s_.depth, cost_.depth_at_once(plan_)); }

  // Vectors are no wider than columns need: narrower ones lie across fewer lines, and machines load more of them at once.
  void choose_lanes() {
    if (!s_.columns_fixed || !s_.output_by_columns) return;
    int& lanes = plan_.tile.lanes;
    while (lanes / 2 >= s_.columns && lanes / 2 * s_.element_bytes >= kLeastBytes) lanes /= 2;
  }

  // Where machines multiply more of the narrow vectors at once, the last columns are one if they fit.
  void choose_last() {
    const int64_t rest = s_.columns % plan_.tile.lanes, least = kLeastBytes / s_.element_bytes;
    if (!plan_.direct || !s_.columns_fixed || rest == 0 || !cost_.gains_from_narrow(plan_)) return;
    int64_t lanes = least;
    while (lanes < rest) lanes *= 2;
    if (lanes < plan_.tile.lanes) plan_.last = static_cast<int>(lanes);
  }

  // A loop of one pass is none to the compiler: it would read what the steps multiply before the loop over panels, keep it
  // for all of them, and run out of registers. A lone panel of one vector has no such loop, and reads rows as they are
  // multiplied.
  void choose_passes() {
    while (s_.depth_fixed && plan_.most_steps > 1 && s_.depth < 2 * plan_.most_steps) plan_.most_steps /= 2;
  }

  // Depth is cut where neither all of the columns stay in the second-level cache nor a strip of rows in the first;
  // shorter where that costs little, and where it has rows and columns packed fewer times.
  void choose_depth() {
    bool turned = s_.plain && s_.row.strided && s_.row.depth_stride != 1;
    bool packs_columns = plan_.axis == VectorAxis::Columns, near = cost_.columns_near();
    bool brief = packs_columns && cost_.few_rows() && !near, curt = brief || (packs_columns && turned);
    int64_t chunk = brief ? kBriefDepth : curt ? kShortDepth : kChunkDepth;
    int64_t most = curt ? chunk * 5 / 4 : near || !packs_columns ? kWholeDepth : kChunkDepth;
    if (s_.depth_fixed && s_.depth <= most) return;
    int64_t chunks = std::max<int64_t>(ceil_div(s_.depth, s_.depth <= most ? most : chunk), 1);
    plan_.depth_chunk = round_up(ceil_div(std::max<int64_t>(s_.depth, 1), chunks), 16);
    if (!s_.depth_fixed) plan_.depth_chunk = std::max(plan_.depth_chunk, kChunkSymbolic);
  }

  void choose_columns() {
    const OperandShape& c = s_.column;
    bool contiguous = c.strided && ((c.fixed && c.free_stride == 1) || (s_.columns == 1 && s_.columns_fixed));
    plan_.columns = c.unit == Unit::Depth ? ColumnLayout::Transposed : ColumnLayout::Packed;
    if (!contiguous) return;
    const int64_t strips = cost_.strips(plan_);
    auto cost = [&](ColumnLayout layout) { return cost_.per_column(plan_, layout, strips); };
    plan_.columns = ColumnLayout::Packed;
    for (ColumnLayout other : {ColumnLayout::Copied, ColumnLayout::InPlace}) {
      if (cost(other) <= cost(plan_.columns)) plan_.columns = other;
    }
    if (strips <= 1) plan_.columns = ColumnLayout::InPlace;
  }

  void choose_rows() {
    const OperandShape& r = s_.row;
    RowLayout packed = r.unit == Unit::Free ? RowLayout::PanelByRow : RowLayout::PanelByDepth;
    bool adjacent = r.free_stride == 1 || r.depth_stride == 1 || s_.depth == 1 || s_.rows == 1;
    bool readable = r.strided && r.fixed && adjacent;
    auto cost = [&](RowLayout layout) { return cost_.per_row(layout, cost_.panels(plan_)); };
    plan_.rows = readable && cost(RowLayout::InPlace) <= cost(packed) ? RowLayout::InPlace : packed;
  }

  const ProblemShape& s_;
  Cost cost_;
  Blocks blocks_;
  TileChoice tiles_;
  Plan plan_;
};

// The best plan for all but the last columns, which are no more than a few lanes of a vector, and these by other vectors, with
// a lane for each row of a tile. Rows that are strided had better be in tall tiles.
std::optional<Plan> with_tail(const ProblemShape& s, const Target& target) {
  const auto lanes = target.vector_bytes / s.element_bytes;
  const auto tail = s.columns % lanes;
  const bool readable = s.row.strided && s.row.fixed && s.row.unit != Unit::Neither && s.column.strided;
  const bool long_enough = s.columns > lanes && s.depth >= lanes;
  if (!s.plain || !s.columns_fixed || !readable || !long_enough || tail == 0 || tail > kMostTail) return {};
  ProblemShape whole = s;
  whole.columns -= tail;
  const int most_rows = s.row.unit == Unit::Free ? kAnyRows : static_cast<int>(lanes);
  Plan plan = Chooser(whole, target, most_rows).by_columns();
  const bool fits = plan.tile.rows <= lanes && tail * (plan.tile.rows + 1) < target.vector_registers;
  if (!plan.direct || plan.depth_chunk > 0 || plan.column_block < whole.columns || !fits) return {};
  plan.tail = static_cast<int>(tail);
  plan.column_block = round_up(s.columns, plan.width());
  plan.cycles += Cost(s, target).tail(plan);
  return plan;
}

}  // namespace

Plan choose(const ProblemShape& shape, const Target& target) {
  Plan plan = Chooser(shape, target).by_columns();
  std::optional<Plan> tailed = with_tail(shape, target), other = Chooser(shape, target).by_depth();
  const double gain = plan.last > 0 && shape.rows > 1 ? kLastGain : kTailGain;
  if (tailed && tailed->cycles < gain * plan.cycles) plan = *tailed;
  return other && other->cycles < plan.cycles ? *other : plan;
}

Steps Plan::steps(TileShape t) const {
  const int sums = t.rows * t.vectors, loads = t.vectors == 1 ? 1 : t.rows + t.vectors;
  auto fits = [&](int steps) {
    return steps * (sums + loads) <= kPass && sums * chains + steps * t.vectors < registers;
  };
  const int most = t.vectors == 1 ? most_of_one : most_steps;
  int steps = 1;
  while (direct && steps < most && fits(2 * steps)) steps *= 2;
  return {std::max(steps, chains), chains};
}

std::string Plan::str() const {
  constexpr std::string_view row_names[] = {"in_place", "panel_by_depth", "panel_by_row"};
  constexpr std::string_view column_names[] = {"in_place", "copied", "packed", "transposed"};
  return fmt::format(
      "tile {}x{}x{}{} rows {} columns {}{}{} block {}x{} depth {}{}{}{}{}{}{}", tile.rows, tile.vectors,
      tile.lanes, axis == VectorAxis::Depth ? " along depth" : "", row_names[static_cast<int>(rows)],
      column_names[static_cast<int>(columns)], ahead > 0 ? " ahead" : "",
      next_panel || next_block ? " next" : "", row_block, column_block, depth_chunk,
      next_results ? " next" : "", tail > 0 ? fmt::format(" tail {}", tail) : "",
      last > 0 ? fmt::format(" last {}", last) : "", chains > 1 ? fmt::format(" in {} chains", chains) : "",
      direct ? " direct" : "", requests ? " requests" : "");
}

}  // namespace nnc::contraction
