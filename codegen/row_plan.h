// How a row region is computed: which folds and results belong to which pass over a row, and which intermediate
// values are worth keeping from one pass to the next.
#pragma once

#include <vector>

#include "codegen/fold_loop.h"
#include "codegen/region_kernel.h"
#include "codegen/row_choice.h"

namespace nnc {

/// One walk along the row. It sees the folds of all earlier passes as scalars.
struct RowPass {
  std::vector<BodyFold> folds;
  std::vector<RowPick> picks;      // taken before the walk
  std::vector<RowRepair> repairs;  // made after it: their choices hold nowhere during the walk
  std::vector<size_t> results;     // stored, full-shaped
  std::vector<Value> kept;         // stored to scratch for later passes
  bool expensive = false;          // enough work to hide the latency of folding, whatever the accumulators

  /// A pass of picks alone needs no walk.
  bool walks() const { return !folds.empty() || !results.empty() || !kept.empty(); }
};

/// Vectors that a walk along a row takes at once.
inline constexpr int kVectorsAtOnce = 4;

struct RowPlan {
  Shape full, outer, inner;  // full is outer followed by inner
  std::vector<RowPass> passes;
  std::vector<size_t> outer_results;  // stored after the last pass
  std::vector<Value> folded;          // every value a fold of a pass gives
  int straight_vectors = 0;           // of a row that is straight code, at most
  bool last_reads_here = false;       // the last pass reads what is kept at the element it computes alone

  Dim row_count() const { return element_count(outer); }
  Dim row_length() const { return element_count(inner); }
  /// Whether as many vectors of `lanes` elements hold a row.
  bool is_short(int lanes) const {
    return row_length().is_constant() && row_length().value() <= int64_t{straight_vectors} * lanes;
  }
  /// The values the walk of pass `p` asks for, at the coordinates.
  std::vector<Root> roots(const Graph& body, size_t p, const std::vector<IndexExpr>& index) const;
  /// What its picks are made of.
  std::vector<Root> pick_roots(size_t p, const std::vector<IndexExpr>& index) const;
};

/// Throws Error where the body is no row region. At most `budget` elements of a row are kept in all.
RowPlan plan_rows(const RegionKernel& k, int64_t budget);

}  // namespace nnc
