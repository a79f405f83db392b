// How fast a core computes, by its microarchitecture: what the choice of a product's tiles and of threads depends on beside
// caches and registers. Measured, in cycles.
#pragma once

#include <cstdint>

#include "codegen/target.h"

namespace nnc {

/// Of vectors, where many follow one another.
struct VectorRates {
  double multiply_add = 0.5, load = 0.5;
  double broadcast = 0.5;  // of an element of memory
  double late_load = 0.1;  // of a load beside that, where loads are what a step waits for
};

/// Of beginning and ending a register tile, beside its steps.
struct TileRates {
  double cost = 10;
  double hidden_cost = 2;   // the same where the machine begins the next tile before, as
  int64_t window = 205;     // tiles of so many instructions let it
  double run = 1;           // of each row of results
  double pair_of_sums = 0;  // sums wait for each other: of each pair of them

  double ends(int sums, int64_t instructions) const;
};

struct CoreRates {
  VectorRates wide, narrow;  // of the target's widest vectors, and of others
  TileRates tiles;
  double hidden_load = 0;          // of a load in a step that waits for its multiply-adds
  double hidden_stream = 0.01;     // the share of what lines of the second-level cache take, the same
  double hidden_depth_stream = 0;  // where vectors lie along depth
  double paged_step = 0;           // of a step's lines from there, whole pages from those of the step before
  double far_element = 0.38;       // of four bytes from behind that cache, read once along depth
  double transposed = 0.4;         // of four bytes that packing turns over,
  double far_transposed = 0.4;     // and of those from behind that cache
  // Of four bytes of rows that lie whole pages, or far, from those of the step before, by every panel; of such a step of a
  // strip once.
  double paged_row_element = 0.45, far_row_element = 0.12, paged_rows = 0, far_rows = 0;

  // Pages that can be read in turn at no cost.
  int near_pages = 1 << 30;
  // It pays to ask for what kernels that are no products will read; else the machine foresees it, and requests disturb.
  bool requests_streams = true;
  // Of the second-level cache, what an epilogue's operands may fill and stay.
  int epilogue_share = 1;
  // It pays to ask for columns and results behind the second-level cache a panel before.
  bool requests_next_panel = false;
  // Streams that can be read along depth, and runs of results that can be written, whole pages apart.
  int streams_alike = 1 << 30, runs_alike = 1 << 30;
  // Results of one step had better be written in order, if rows are long.
  bool orders_results = false;
  // Columns of a tile of the only row that lie along depth: as many streams are read.
  int lone_row_streams = 16;
  // Vectors of a tile of the only row, and where steps share few sets of the first-level cache.
  int lone_row = 12, lone_row_alike = 12;
  // Such tiles had better be alike; and narrow where columns little larger than that cache lie across lines.
  bool even_lone_row = false, narrow_astride = false;
};

const CoreRates& core_rates(const Target& target);

}  // namespace nnc
