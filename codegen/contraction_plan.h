// How a contraction is computed: tile, layouts, blocks. `choose` weighs the alternatives by counting cycles
// of a machine with two fma and two load ports; the generator follows the plan and knows no sizes of its own.
#pragma once

#include <cstdint>
#include <string>

#include "codegen/contraction_problem.h"
#include "codegen/contraction_tile.h"
#include "codegen/target.h"

namespace nnc::contraction {

/// Rows are read where they are, or from a panel of the block's rows that is contiguous along depth, or along
/// rows.
enum class RowLayout : uint8_t { InPlace, PanelByDepth, PanelByRow };
/// Columns are read where they are; or copied to a panel by the first tile that reads them; or packed into
/// panels before, by vectors along columns or by vectors along depth that are transposed.
enum class ColumnLayout : uint8_t { InPlace, Copied, Packed, Transposed };
/// Vectors hold neighbouring columns of a row; or neighbouring steps of one sum, whose lanes are added in a fixed
/// tree at the end (contraction_depth.cc): rows and columns are read along depth.
enum class VectorAxis : uint8_t { Columns, Depth };

/// Pieces of a tile's depth, before each of which it asks for a part of the next block; with `requests` as many as its rows.
inline constexpr int kRequestPieces = 16;

struct Plan {
  TileShape tile;
  VectorAxis axis = VectorAxis::Columns;
  RowLayout rows = RowLayout::InPlace;
  ColumnLayout columns = ColumnLayout::InPlace;
  int64_t row_block = 1, column_block = 1;  // of one task
  int64_t depth_chunk = 0;                  // 0: all of it at once
  int most_steps = 4;                       // of a pass of the loop over depth
  int most_of_one = 4;                      // the same of a tile of one vector
  int chains = 1;                           // sums of an accumulator, each of every so many'th step
  int registers = 16;                       // for a tile's sums and columns
  int ahead = 0;                            // steps before it reads columns that a tile asks for them
  bool next_panel = false;                  // a tile that copies its columns asks for those to the right
  bool next_block = false;                  // tiles ask for what is transposed after them
  bool next_results = false;  // a tile asks for results to the right, which the next one goes on from
  int last = 0;               // lanes of the last columns' vector, where it is narrower
  int tail = 0;               // last columns, whose vectors lie along depth or rows
  bool direct = true;         // tiles go straight to the result, not through a block
  bool requests = false;      // memory is asked for what the epilogue reads before it begins
  double cycles = 0;          // the estimate they were chosen by

  /// Columns of one tile.
  int64_t width() const { return axis == VectorAxis::Columns ? tile.width() : tile.vectors; }
  /// Steps of a tile of the plan, or of a smaller one at an edge: small tiles take several at once, but for those with an
  /// epilogue, whose code is large without, and those that make requests between.
  Steps steps(TileShape t) const;
  /// "tile 14x2x16 rows in_place columns copied ahead block 64x64 depth 256 tail 1 direct".
  std::string str() const;
};

Plan choose(const ProblemShape& shape, const Target& target);

}  // namespace nnc::contraction
