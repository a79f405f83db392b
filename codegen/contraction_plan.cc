#include "codegen/contraction_plan.h"

#include <algorithm>

#include <fmt/format.h>

namespace nnc::contraction {
namespace {

int64_t round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Cycles per element moved, measured.
constexpr double kCopyCost = 0.1, kPullCost = 0.25, kGatherCost = 1.2, kTransposeCost = 0.35;
// Below so many cycles a task costs more to hand out than another thread can win.
constexpr double kTaskFlops = 2e6;
constexpr int64_t kMaxTasks = 64;
constexpr int64_t kWholeDepth = 1024;    // up to here depth is not cut
constexpr int64_t kChunkDepth = 512;     // of what is cut
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

// Fused multiply-adds need two loads' and two fmas' ports, and four cycles before the next of the same chain.
double step_cycles(int rows, int vectors) {
  return std::max({rows * vectors / 2.0, (rows + vectors) / 2.0, 4.0});
}

class Chooser {
 public:
  Chooser(const ProblemShape& shape, const Target& target) : s_(shape), target_(target) {}

  Plan run() {
    plan_.tile.lanes = static_cast<int>(std::max<int64_t>(1, target_.vector_bytes / s_.element_bytes));
    choose_tile();
    choose_columns();
    choose_rows();
    choose_depth();
    choose_blocks();
    plan_.direct = s_.plain;
    plan_.cycles = plan_.cycles + packing_cycles() + result_cycles();
    return plan_;
  }

 private:
  int accumulator_limit() const { return target_.vector_registers >= 32 ? 30 : 15; }

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
    return cycles * static_cast<double>(s_.depth) + tiles * 20 + stores;
  }

  void choose_tile() {
    plan_.cycles = -1;
    double best_load = 0;
    for (int vectors = 1; vectors <= 6; ++vectors) {
      for (int rows = 1; rows * vectors + vectors + 1 <= accumulator_limit(); ++rows) {
        double cycles = tile_cycles(rows, vectors), load = 1.0 / rows + 1.0 / vectors;
        bool better = plan_.cycles < 0 || cycles < plan_.cycles * 0.999 ||
                      (cycles < plan_.cycles * 1.001 && load < best_load);
        if (!better) continue;
        plan_.cycles = cycles;
        plan_.tile.rows = rows;
        plan_.tile.vectors = vectors;
        best_load = load;
      }
    }
  }

  void choose_columns() {
    const OperandShape& c = s_.column;
    bool contiguous = c.strided && (c.free_stride == 1 || (s_.columns == 1 && s_.columns_fixed));
    if (contiguous && s_.rows <= 2 * plan_.tile.rows)
      plan_.columns = ColumnLayout::InPlace;
    else if (contiguous)
      plan_.columns = ColumnLayout::Copied;
    else
      plan_.columns = c.unit == Unit::Depth ? ColumnLayout::Transposed : ColumnLayout::Packed;
  }

  // More rows a page apart than the first-level cache has ways drive each other out.
  void choose_rows() {
    const OperandShape& r = s_.row;
    bool conflicts =
        r.free_stride * s_.element_bytes % 4096 == 0 && r.free_stride != 0 && plan_.tile.rows > 8;
    bool adjacent = r.free_stride == 1 || r.depth_stride == 1 || s_.depth == 1 || s_.rows == 1;
    if (r.strided && r.fixed && adjacent && !(conflicts && s_.columns > plan_.tile.width())) return;
    plan_.rows = r.unit == Unit::Free ? RowLayout::PanelByRow : RowLayout::PanelByDepth;
  }

  void choose_depth() {
    if (s_.depth_fixed && s_.depth <= kWholeDepth) return;
    int64_t chunks = ceil_div(s_.depth, s_.depth <= kWholeDepth ? kWholeDepth : kChunkDepth);
    plan_.depth_chunk = round_up(ceil_div(std::max<int64_t>(s_.depth, 1), chunks > 0 ? chunks : 1), 16);
    if (!s_.depth_fixed) plan_.depth_chunk = std::max(plan_.depth_chunk, kChunkSymbolic);
  }

  int64_t depth_at_once() const {
    return plan_.depth_chunk > 0 ? plan_.depth_chunk : std::max<int64_t>(s_.depth, 1);
  }

  // Longest side of a block whose panel fills half of the second-level cache.
  int64_t longest(int64_t unit) const {
    int64_t fits = target_.l2_bytes / 2 / (depth_at_once() * s_.element_bytes);
    return std::max(unit, fits / unit * unit);
  }

  void choose_blocks() {
    bool packed = plan_.columns == ColumnLayout::Packed || plan_.columns == ColumnLayout::Transposed;
    plan_.columns_outer = packed && plan_.depth_chunk == 0 && s_.rows > plan_.tile.rows;
    double flops =
        2.0 * static_cast<double>(s_.rows) * static_cast<double>(s_.columns) * static_cast<double>(s_.depth);
    int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(flops / kTaskFlops), 1, kMaxTasks);
    int64_t row_unit = plan_.tile.rows, column_unit = plan_.tile.width();
    int64_t rows = round_up(std::max<int64_t>(s_.rows, 1), row_unit);
    int64_t columns = round_up(std::max<int64_t>(s_.columns, 1), column_unit);
    if (plan_.columns_outer) {
      plan_.column_block = std::min(columns, longest(column_unit));
      split(rows, row_unit, ceil_div(wanted, ceil_div(columns, plan_.column_block)), plan_.row_block);
    } else {
      plan_.row_block = std::min(rows, longest(row_unit));
      split(columns, column_unit, ceil_div(wanted, ceil_div(rows, plan_.row_block)), plan_.column_block);
    }
  }

  void split(int64_t extent, int64_t unit, int64_t parts, int64_t& block) const {
    block = std::min(round_up(ceil_div(extent, parts), unit), longest(unit));
  }

  double packing_cycles() const {
    double rows = static_cast<double>(s_.rows * s_.depth),
           columns = static_cast<double>(s_.columns * s_.depth);
    auto element = [](const OperandShape& o) {
      return o.unit == Unit::Neither ? kGatherCost : o.strided ? kCopyCost : kPullCost;
    };
    double cycles = plan_.rows == RowLayout::InPlace ? 0 : rows * element(s_.row);
    if (plan_.columns == ColumnLayout::Copied) cycles += columns * kCopyCost / 4;
    if (plan_.columns == ColumnLayout::Packed) cycles += columns * element(s_.column);
    if (plan_.columns == ColumnLayout::Transposed)
      cycles += columns * (kTransposeCost + element(s_.column) - kCopyCost);
    return cycles;
  }

  double result_cycles() const {
    double elements = static_cast<double>(s_.rows * s_.columns);
    if (plan_.direct) return 0;
    return elements * (s_.scattered ? kGatherCost : s_.output_by_columns ? kCopyCost : kTransposeCost);
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

Plan choose(const ProblemShape& shape, const Target& target) { return Chooser(shape, target).run(); }

std::string Plan::str() const {
  constexpr std::string_view row_names[] = {"in_place", "panel_by_depth", "panel_by_row"};
  constexpr std::string_view column_names[] = {"in_place", "copied", "packed", "transposed"};
  return fmt::format("tile {}x{}x{} rows {} columns {} block {}x{} depth {}{}{}", tile.rows, tile.vectors,
                     tile.lanes, row_names[static_cast<int>(rows)], column_names[static_cast<int>(columns)],
                     row_block, column_block, depth_chunk, columns_outer ? " columns_outer" : "",
                     direct ? " direct" : "");
}

}  // namespace nnc::contraction
