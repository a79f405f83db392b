#include "codegen/contraction_tile_choice.h"

#include <algorithm>

#include "codegen/rounding.h"

namespace nnc::contraction {
namespace {

constexpr int kMostVectors = 12;      // of a tile's row
constexpr int kFewVectors = 4;        // the same of narrow tiles, which leave more columns in the first cache
constexpr int kSumsWanted = 8;        // in a tile, for its additions to overlap
constexpr int64_t kDepthOfChain = 8;  // at least
constexpr double kUnevenShare = 0.055;  // of threads' uneven shares in what a tile costs
constexpr double kMostUneven = 0.15;    // that counts

}  // namespace

// Of tiles that cost the same, the one with fewer loads; of those that cost almost the same, one that divides the rows
// evenly.
Plan TileChoice::by_columns(Plan plan) const {
  Plan p = plan;
  double best = -1, best_loads = 0;
  for (p.tile.vectors = 1; p.tile.vectors <= most_vectors(p.tile.lanes); ++p.tile.vectors) {
    if (cut_unevenly(p)) continue;
    for (p.tile.rows = 1; p.tile.rows <= most_rows(p.tile.vectors); ++p.tile.rows) {
      p.chains = best_chains(p.tile);
      double cycles = cost_.computing(p) + cost_.passing_columns(p),
             loads = 1.0 / p.tile.rows + 1.0 / p.tile.vectors;
      cycles *= 1 + kUnevenShare * std::min(blocks_.uneven(p.tile.rows), kMostUneven);
      if (best >= 0 && cycles >= best * 0.999 && (cycles >= best * 1.001 || loads >= best_loads)) continue;
      best = cycles;
      best_loads = loads;
      plan.tile = p.tile;
      plan.chains = p.chains;
    }
  }
  return plan;
}

Plan TileChoice::by_depth(Plan plan) const {
  Plan p = plan;
  double best = -1;
  const int most_columns = s_.rows == 1 ? std::min(p.tile.lanes, cost_.lone_row_streams()) : p.tile.lanes;
  for (p.tile.vectors = 1; p.tile.vectors <= most_columns; ++p.tile.vectors) {
    const int most = (accumulator_limit() - 1) / (p.tile.vectors + 1);
    for (p.tile.rows = 1; p.tile.rows <= std::min<int64_t>(most, std::max<int64_t>(s_.rows, 1));
         ++p.tile.rows) {
      double cycles = cost_.computing(p);
      if ((best >= 0 && cycles >= best) || cost_.streams_collide(p)) continue;
      best = cycles;
      plan.tile = p.tile;
    }
  }
  return plan;
}

// What is not an accumulator holds a tile's columns and one broadcast element.
int TileChoice::accumulator_limit() const { return target_.vector_registers - 1; }

int TileChoice::most_vectors(int lanes) const {
  int most = s_.rows == 1 && s_.depth > 1 ? cost_.lone_row() : kMostVectors;
  if ((s_.rows == 1 && cost_.overflow_l1()) || cost_.ordered_results()) most = kFewVectors;
  if (!s_.columns_fixed) return most;
  return static_cast<int>(std::clamp<int64_t>(ceil_div(s_.columns, lanes), 1, most));
}

// A lone row's tiles are all that there is, where machines gain from like ones.
bool TileChoice::cut_unevenly(const Plan& p) const {
  if (s_.rows > 1 || !s_.columns_fixed || !cost_.likes_even_tiles()) return false;
  const int64_t vectors = std::max<int64_t>(ceil_div(s_.columns, p.tile.lanes), 1);
  return ceil_div(vectors, ceil_div(vectors, p.tile.vectors)) != p.tile.vectors;
}

// A tile of one vector keeps the columns of several steps.
int TileChoice::most_rows(int vectors) const {
  if (cost_.ordered_results()) return 1;
  int most = vectors == 1 ? target_.vector_registers / 2 : (accumulator_limit() - 1) / vectors - 1;
  most = std::min(most, most_rows_);
  if (s_.rows_fixed) most = static_cast<int>(std::min<int64_t>(most, std::max<int64_t>(s_.rows, 1)));
  while (most > 1 && (cost_.rows_collide(most) || cost_.results_collide(most))) --most;
  return most;
}

// Several where the tile, which has all rows, has few sums.
int TileChoice::best_chains(const TileShape& tile) const {
  const int sums = tile.rows * tile.vectors;
  int chains = 1;
  if (!s_.rows_fixed || s_.rows > tile.rows) return chains;
  while (sums * chains < kSumsWanted && 2 * sums * chains < accumulator_limit() &&
         s_.depth >= kDepthOfChain * 2 * chains)
    chains *= 2;
  return chains;
}

}  // namespace nnc::contraction
