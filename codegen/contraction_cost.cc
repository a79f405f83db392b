#include "codegen/contraction_cost.h"

#include <algorithm>
#include <cmath>

#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

constexpr int64_t kFewRows = 128;
constexpr double kLatency = 4;         // of a fused multiply-add, before the next of its chain
constexpr double kPassCost = 1;        // of a pass of the loop over depth
constexpr double kFinishCost = 3;      // times as much, where an epilogue follows
constexpr double kLaneSumCost = 2;     // of adding two vectors' halves
constexpr double kTailPackCost = 1.2;  // of an element of a tail's column
constexpr double kLineCost = 1;        // of a line from the second-level cache, for one element
constexpr double kScatterCost = 2;     // of an element stored apart from others
constexpr double kStreamRate = 32;     // bytes a cycle from the second-level cache
constexpr double kWideEpilogue = 2;  // times that: epilogues are written out for every vector of a tile's row
constexpr double kHiddenPart = 0.6;  // of a step's cycles, in which a stream is hidden
constexpr double kShownShare = 0.15;  // of what exceeds that

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
  const bool lines = !columns_astride() || rates_.narrow_astride;
  return bytes > target_.l1_bytes && bytes <= 2 * target_.l1_bytes && lines;
}
bool Cost::behind_l1(const Plan& p) const {
  return s_.columns * depth_at_once(p) * s_.element_bytes > target_.l1_bytes && !columns_astride();
}
bool Cost::requests_next_results(const Plan& p) const {
  const bool far = s_.rows * s_.columns * s_.element_bytes > target_.l2_bytes / 2;
  return rates_.requests_next_panel && far && depth_at_once(p) < s_.depth;
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

bool Cost::rows_in_l1(const Plan& p) const {
  const int64_t share = p.rows == RowLayout::InPlace ? 2 : 3;  // quarters
  return 4 * s_.rows * depth_at_once(p) * s_.element_bytes <= share * target_.l1_bytes;
}

bool Cost::columns_astride() const {
  return s_.column.depth_stride * s_.element_bytes % target_.vector_bytes != 0;
}

double Cost::computing(const Plan& p) const { return p.axis == VectorAxis::Columns ? tiles(p) : sums(p); }

// Cycles in which a step's columns come from the second-level cache. Where their lines are none of the vectors', one strip
// of rows reads one line more; several, whose broadcasts need the same ports, half as fast. Columns that pass are copied, and
// are on pages of their own for the first strip alone.
double Cost::stream(const Plan& p, int vectors) const {
  bool once = s_.rows <= p.tile.rows;
  if (in_l1(p, s_.columns) || (passing() && once)) return 0;
  double lines = !columns_astride() || passing() ? vectors : once ? vectors + 1 : 2 * vectors;
  double cycles = lines * target_.vector_bytes / kStreamRate;
  if (columns_paged() && !passing()) cycles = std::max(cycles, rates_.paged_step);
  return cycles * (s_.plain ? 1 : kWideEpilogue);
}

const VectorRates& Cost::vectors(const Plan& p) const {
  return p.tile.lanes * s_.element_bytes < target_.vector_bytes ? rates_.narrow : rates_.wide;
}

// Fused multiply-adds need the loads' and their own ports, the chain's latency, and columns that come from the
// second-level cache: where all else is equal, fewer of them, and none that take most of the time in which they are hidden
// (tiles with an epilogue have other things to hide there).
double Cost::step(const Plan& p, int rows, int vectors, int last) const {
  double streamed = stream(p, vectors),
         passes = p.direct ? 1.0 / p.steps({rows, vectors, p.tile.lanes}).pass : 0;
  const VectorRates& rates = last > 0 && vectors == 1 ? rates_.narrow : this->vectors(p);
  const double spared =
      last > 0 && vectors > 1 ? rows * (rates.multiply_add - rates_.narrow.multiply_add) : 0;
  const int sums = rows * vectors, loads = rows + vectors;
  const double loading = rows * rates.broadcast + vectors * rates.load + loads * rates.late_load;
  double cycles = std::max({sums * rates.multiply_add - spared, loading, kLatency / p.chains, streamed});
  double shown = s_.plain && behind_l1(p) ? kShownShare * std::max(0.0, streamed - kHiddenPart * cycles) : 0;
  return cycles + shown + loads * rates_.hidden_load + streamed * rates_.hidden_stream + strided_rows(p) +
         passes * kPassCost;
}

// A step of all rows by tiles of so many vectors: whole tiles, then what remains in one (or, where the number of rows
// is not known, in pieces by powers of two).
double Cost::strips_of(const Plan& p, int vectors, int last) const {
  double cycles = static_cast<double>(s_.rows / p.tile.rows) * step(p, p.tile.rows, vectors, last);
  int rest = static_cast<int>(s_.rows % p.tile.rows);
  if (s_.rows_fixed) return rest > 0 ? cycles + step(p, rest, vectors, last) : cycles;
  for (int piece = 16; piece > 0; piece /= 2) {
    if (rest & piece) cycles += step(p, piece, vectors, last);
  }
  return cycles;
}

double Cost::tiles(const Plan& p) const {
  const int lanes = p.tile.lanes;
  int64_t whole = s_.columns / p.width(), rest = ceil_div(s_.columns % p.width(), lanes);
  double cycles = static_cast<double>(whole) * strips_of(p, p.tile.vectors);
  if (rest > 0 && s_.columns_fixed)
    cycles += strips_of(p, static_cast<int>(rest), p.last);
  else
    cycles += static_cast<double>(rest) * strips_of(p, 1);
  auto count = static_cast<double>(strips(p) * (whole + rest));
  auto stores = static_cast<double>(s_.rows * ceil_div(s_.columns, lanes)),
       runs = static_cast<double>(s_.rows * panels(p));
  double added = kLatency * std::log2(p.chains) +
                 p.tile.rows * p.tile.vectors * (p.chains - 1) * vectors(p).multiply_add;
  double finish = s_.plain ? 1 : kFinishCost;
  return cycles * static_cast<double>(s_.depth) + count * (ends(p) * finish + added) + stores +
         runs * rates_.tiles.run * finish;
}

// Of beginning and ending a tile.
double Cost::ends(const Plan& p) const {
  const int sums = p.tile.rows * p.tile.vectors, loads = p.tile.rows + p.tile.vectors;
  return rates_.tiles.ends(s_.depth > 1 ? sums : 0, depth_at_once(p) * (sums + loads));
}

// A vector of steps for each sum.
double Cost::steps_along_depth(const Plan& p, int64_t rows, int64_t columns) const {
  auto streamed = static_cast<double>((in_l1(p, s_.columns) ? 0 : columns) + (rows_in_l1(p) ? 0 : rows));
  auto loads = static_cast<double>(rows + columns), products = static_cast<double>(rows * columns);
  double stream = streamed * target_.vector_bytes / kStreamRate;
  double cycles =
      std::max({products * rates_.wide.multiply_add, loads * rates_.wide.load, kLatency, stream}) +
      loads * (rates_.wide.late_load + rates_.hidden_load) + stream * rates_.hidden_depth_stream;
  return cycles * static_cast<double>(ceil_div(s_.depth, target_.vector_bytes / s_.element_bytes));
}

// Vectors along depth, and their lanes added at the end.
double Cost::tile_of_sums(const Plan& p, int64_t rows) const {
  const int columns = p.tile.vectors;
  return steps_along_depth(p, rows, columns) + static_cast<double>(rows) * lane_sums(columns, p.tile.lanes) +
         rates_.tiles.cost;
}

// Packing reads a line for every element.
double Cost::tail(const Plan& p) const {
  auto count = static_cast<double>(strips(p)), columns = static_cast<double>(p.tail);
  double line = in_l1(p, s_.columns) ? 0 : kLineCost;
  double packing = static_cast<double>(s_.depth) * columns * (moved(kTailPackCost) + line);
  double stores = static_cast<double>(s_.rows) * columns * kScatterCost;
  double strip =
      s_.row.unit == Unit::Free
          ? static_cast<double>(s_.depth) *
                std::max(1.0, (1 + columns) * (vectors(p).load + vectors(p).late_load))
          : steps_along_depth(p, p.tile.rows, p.tail) + columns * lane_sums(p.tile.rows, p.tile.lanes);
  return packing + stores + count * (strip + rates_.tiles.cost);
}

double Cost::sums(const Plan& p) const {
  double cycles = static_cast<double>(s_.rows / p.tile.rows) * tile_of_sums(p, p.tile.rows);
  if (int64_t rest = s_.rows % p.tile.rows) cycles += tile_of_sums(p, rest);
  return cycles * static_cast<double>(panels(p));
}

}  // namespace nnc::contraction
