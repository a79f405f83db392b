#include "codegen/contraction_plan.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "codegen/contraction_cost.h"
#include "ir/origin.h"

namespace nnc::contraction {
namespace {

int64_t round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Below so many operations a task costs more to hand out than another thread can win; beyond the first few,
// tasks had better be large.
constexpr double kTaskFlops = 2e6, kLargeTaskFlops = 256e6;
constexpr int64_t kFewTasks = 8, kMostTasks = 32;
constexpr int kMostVectors = 12;        // of a tile's row
constexpr int kSumsWanted = 8;          // in a tile, for its additions to overlap
constexpr int kPass = 80;               // instructions of a loop's pass that make it long enough
constexpr int kMostSteps = 4;           // of one
constexpr int64_t kDepthOfChain = 8;    // at least
constexpr double kUnevenShare = 0.055;  // of threads' uneven shares in what a tile costs
constexpr double kMostUneven = 0.15;    // that counts
constexpr int64_t kEvenRows = 64;       // from which it does
constexpr int64_t kColumnShare = 2;     // of the second-level cache, for a block's columns
constexpr int64_t kPackedShare = 8;     // the same for rows packed at once
constexpr int64_t kWholeDepth = 1024;   // up to here depth is not cut
constexpr int64_t kChunkDepth = 512;    // of what is cut
constexpr int64_t kShortDepth = 256;    // the same where rows are packed
constexpr int64_t kBriefDepth =
    128;  // and where they are few: results cost little, pages of columns are many
constexpr int64_t kChunkSymbolic = 256;  // at least, where depth is unknown

// Of all inputs behind a value, for an element of it.
double bytes_behind(const Graph& body, Value v, const Bindings& expected) {
  double bytes = 0;
  for (NodeId input : inputs_behind(body, {v})) {
    const Type& type = body.node(input).results[0];
    bytes += static_cast<double>(element_count(type.shape).evaluate(expected) * size_of(type.dtype));
  }
  double elements = static_cast<double>(element_count(body.type(v).shape).evaluate(expected));
  return elements > 0 ? bytes / elements : 0;
}

OperandShape operand_shape(const Form& form, const Operand& operand, const Bindings& expected) {
  OperandShape out;
  out.unit = operand.unit;
  out.bytes = bytes_behind(form.body(), operand.value, expected);
  if (!operand.strided) return out;
  out.strided = true;
  out.fixed = operand.strided->free_stride.is_constant();
  out.free_stride = operand.strided->free_stride.evaluate(expected);
  out.depth_stride = operand.strided->depth_stride.evaluate(expected);
  return out;
}

class Chooser {
 public:
  Chooser(const ProblemShape& shape, const Target& target)
      : s_(shape), target_(target), cost_(shape, target) {
    plan_.tile.lanes = static_cast<int>(std::max<int64_t>(1, target.vector_bytes / shape.element_bytes));
    plan_.registers = target.vector_registers;
    plan_.direct = s_.plain;
  }

  /// The best plan with vectors along columns.
  Plan by_columns() {
    choose_depth();
    choose_tile();
    choose_columns();
    choose_rows();
    return finished();
  }

  /// The best plan with vectors along depth, where columns are contiguous there.
  std::optional<Plan> by_depth() {
    if (s_.column.unit != Unit::Depth || plan_.tile.lanes == 1) return std::nullopt;
    plan_.axis = VectorAxis::Depth;
    choose_depth();
    choose_sums();
    bool readable = s_.row.strided && s_.row.fixed && s_.row.unit == Unit::Depth;
    plan_.rows = readable ? RowLayout::InPlace : RowLayout::PanelByDepth;
    return finished();
  }

 private:
  Plan finished() {
    choose_blocks();
    plan_.cycles = cost_.of(plan_);
    return plan_;
  }

  // What is not an accumulator holds a tile's columns and one broadcast element.
  int accumulator_limit() const { return target_.vector_registers - 1; }

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

  // Of tiles that cost the same, the one with fewer loads; of those that cost almost the same, one that divides the rows
  // evenly.
  void choose_tile() {
    Plan p = plan_;
    double best = -1, best_loads = 0;
    for (p.tile.vectors = 1; p.tile.vectors <= most_vectors(); ++p.tile.vectors) {
      for (p.tile.rows = 1; p.tile.rows <= most_rows(p.tile.vectors); ++p.tile.rows) {
        p.chains = best_chains(p);
        double cycles = cost_.computing(p) + cost_.passing_columns(p),
               loads = 1.0 / p.tile.rows + 1.0 / p.tile.vectors;
        cycles *= 1 + kUnevenShare * std::min(uneven(p.tile.rows), kMostUneven);
        if (best >= 0 && cycles >= best * 0.999 && (cycles >= best * 1.001 || loads >= best_loads)) continue;
        best = cycles;
        best_loads = loads;
        plan_.tile = p.tile;
        plan_.chains = p.chains;
      }
    }
  }

  int most_vectors() const {
    if (!s_.columns_fixed) return kMostVectors;
    return static_cast<int>(std::clamp<int64_t>(ceil_div(s_.columns, plan_.tile.lanes), 1, kMostVectors));
  }

  // A tile of one vector keeps the columns of several steps.
  int most_rows(int vectors) const {
    int most = vectors == 1 ? target_.vector_registers / 2 : (accumulator_limit() - 1) / vectors - 1;
    if (s_.rows_fixed) most = static_cast<int>(std::min<int64_t>(most, std::max<int64_t>(s_.rows, 1)));
    while (most > 1 && cost_.rows_collide(most)) --most;
    return most;
  }

  // Several where the tile, which has all rows, has few sums.
  int best_chains(const Plan& p) const {
    const int sums = p.tile.rows * p.tile.vectors;
    int chains = 1;
    if (!s_.rows_fixed || s_.rows > p.tile.rows) return chains;
    while (sums * chains < kSumsWanted && 2 * sums * chains < accumulator_limit() &&
           s_.depth >= kDepthOfChain * 2 * chains)
      chains *= 2;
    return chains;
  }

  void choose_sums() {
    Plan p = plan_;
    double best = -1;
    for (p.tile.vectors = 1; p.tile.vectors <= p.tile.lanes; ++p.tile.vectors) {
      const int most = (accumulator_limit() - 1) / (p.tile.vectors + 1);
      for (p.tile.rows = 1; p.tile.rows <= std::min<int64_t>(most, std::max<int64_t>(s_.rows, 1));
           ++p.tile.rows) {
        double cycles = cost_.computing(p);
        if (best >= 0 && cycles >= best) continue;
        best = cycles;
        plan_.tile = p.tile;
      }
    }
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

  // Longest side of a block whose panel fills that share of the second-level cache.
  int64_t longest(int64_t unit, int64_t share = kColumnShare) const {
    int64_t fits = target_.l2_bytes / share / (cost_.depth_at_once(plan_) * s_.element_bytes);
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
    const int64_t columns = round_up(std::max<int64_t>(s_.columns, 1), plan_.width()),
                  wanted = wanted_tasks();
    const int64_t fewest = ceil_div(columns, longest(plan_.width()) + plan_.width());
    double best = -1;
    for (int64_t cut = fewest; cut <= std::max(wanted, fewest); ++cut) {
      Plan p = plan_;
      p.column_block = round_up(ceil_div(columns, cut), p.width());
      p.row_block = row_block(ceil_div(wanted, ceil_div(columns, p.column_block)));
      double cycles = cost_.moving(p);
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
    return std::min(even(plan_.tile.rows, tasks), most);
  }

  // Rows of the first half of the tasks.
  int64_t half(int64_t block) const { return ceil_div(ceil_div(s_.rows, block), 2) * block; }

  // The length of so many tasks or of up to twice as many, in whole tiles, whose first half has the least: so threads get
  // like shares, and of products that have a side in common the same ones.
  int64_t even(int64_t tile, int64_t tasks) const {
    auto length = [&](int64_t count) {
      return round_up(ceil_div(std::max<int64_t>(s_.rows, 1), count), tile);
    };
    int64_t best = length(tasks);
    for (int64_t count = tasks + 1; count < 2 * tasks; ++count) {
      if (half(length(count)) < half(best)) best = length(count);
    }
    return best;
  }

  // What the first of two threads has too much of, as a part of its share, with tiles of so many rows: it matters to
  // products fused with others' work, whose operands and results stay with their threads from step to step.
  double uneven(int64_t tile) const {
    int64_t tasks = wanted_tasks();
    if (tasks == 1 || s_.plain || s_.rows < kEvenRows) return 0;
    return 2.0 * static_cast<double>(half(even(tile, tasks))) / static_cast<double>(s_.rows) - 1;
  }

  const ProblemShape& s_;
  const Target& target_;
  Cost cost_;
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
  s.row = operand_shape(form, form.rows(), expected);
  s.column = operand_shape(form, form.columns(), expected);
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

Steps Plan::steps(TileShape t) const {
  const int sums = t.rows * t.vectors, loads = t.vectors == 1 ? 1 : t.rows + t.vectors;
  auto fits = [&](int steps) {
    return steps * (sums + loads) <= kPass && sums * chains + steps * t.vectors < registers;
  };
  int steps = 1;
  while (direct && steps < kMostSteps && fits(2 * steps)) steps *= 2;
  return {std::max(steps, chains), chains};
}

std::string Plan::str() const {
  constexpr std::string_view row_names[] = {"in_place", "panel_by_depth", "panel_by_row"};
  constexpr std::string_view column_names[] = {"in_place", "copied", "packed", "transposed"};
  return fmt::format("tile {}x{}x{}{} rows {} columns {} block {}x{} depth {}{}{}{}", tile.rows, tile.vectors,
                     tile.lanes, axis == VectorAxis::Depth ? " along depth" : "",
                     row_names[static_cast<int>(rows)], column_names[static_cast<int>(columns)], row_block,
                     column_block, depth_chunk, chains > 1 ? fmt::format(" in {} chains", chains) : "",
                     direct ? " direct" : "", requests ? " requests" : "");
}

}  // namespace nnc::contraction
