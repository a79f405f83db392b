// The register tile of a contraction: rows x vectors accumulators carried through the depth loop as SSA
// values, rows' elements broadcast next to their use, columns as vectors, one fma each. An accumulator is the
// chain fma(a, b, acc) in depth order from its initial value, whatever the tile, or a few such chains.
#pragma once

#include <optional>
#include <vector>

#include "codegen/loop_builder.h"

namespace nnc::contraction {

using loop::Val;

inline constexpr int64_t kLineBytes = 64;  // of a cache

struct TileShape {
  int rows = 1, vectors = 1, lanes = 1;
  int last = 0;  // lanes of the last vector, where it is narrower

  int width() const { return vectors * lanes; }
  int lanes_of(int vector) const { return last > 0 && vector + 1 == vectors ? last : lanes; }
};

/// Row i at depth k is element base + i * row_stride + k * depth_stride.
struct RowSource {
  int buffer = -1;
  Val base;
  int64_t row_stride = 0;
  Val depth_stride;
};

/// Columns at depth k are the tile's width of elements from base + k * depth_stride; with a mask, the last
/// vector's other lanes are not read. With a `copy`, every vector read is also stored there, densely.
struct ColumnSource {
  int buffer = -1;
  Val base;
  Val depth_stride;
  Val mask = {};
  int copy = -1;
  Val copy_base = {};
  Val ahead = {};  // how far behind a step's columns the elements lie that tiles with room for it ask for,
  int level = 1;   // to have them in that cache when they are read
};

/// Where a tile's rows lie: row i is the width of elements from base + i * row_stride, the last vector
/// masked.
struct TilePlace {
  int buffer = -1;
  Val base;
  Val row_stride;
  Val mask = {};
};

/// Accumulators, row-major over (row, vector).
using Accumulators = std::vector<Val>;

Accumulators zero_tile(loop::Builder& b, TileShape shape, DType dtype);
Accumulators load_tile(loop::Builder& b, TileShape shape, const TilePlace& place);
void store_tile(loop::Builder& b, TileShape shape, const TilePlace& place, const Accumulators& tile);

/// A number of rows, columns or steps, known now or only at run time.
struct Count {
  Val value;
  std::optional<int64_t> fixed;
  std::optional<int64_t> rest;  // of rows that come in whole strips but for the last ones: how many those are
};

/// How steps follow each other: so many in a pass of the loop, a multiple of the chains. Each chain sums every so
/// many'th step; after the last whole pass they are added in a fixed tree, and what steps remain follow on their sum.
struct Steps {
  int pass = 1, chains = 1;
};

/// The tile after `depth` steps.
Accumulators contract_tile(loop::Builder& b, TileShape shape, const RowSource& rows,
                           const ColumnSource& columns, const Count& depth, Steps steps, Accumulators inits);

/// Transposes n vectors of n lanes (n a power of two) by shuffles.
std::vector<Val> transpose_lanes(loop::Builder& b, std::vector<Val> rows);

/// Lane i of the result is the sum of vector i's lanes, for as many as there are, `lanes` at most; other lanes hold
/// anything. The order of the additions depends on nothing but the number of lanes.
Val sums_of_lanes(loop::Builder& b, std::vector<Val> vectors, int lanes);

}  // namespace nnc::contraction
