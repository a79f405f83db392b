// What the forms of a reduce kernel share: the folds of a region over one operand shape and the loops around them, with
// the lanes along the innermost one.
#pragma once

#include "codegen/fold_loop.h"
#include "codegen/region_kernel.h"

namespace nnc {

class ReduceNest {
 public:
  /// Throws Error where the body has no reduction, or results that do not fit beside it.
  ReduceNest(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);

  struct Loop {
    Dim extent;
    IndexExpr variable;
    bool kept;
  };

  Shape extents(const std::vector<size_t>& loops) const;
  /// The kept loops other than the lanes' are at that point, counted row-major, or the folded ones at these.
  void set_kept(loop::Val row);
  void set_folded(const std::vector<loop::Val>& ivs);
  /// Coordinates of an operand's element with `lane` in the place of the lanes' loop.
  std::vector<IndexExpr> coordinates(const IndexExpr& lane) const;
  /// What the element there contributes to every fold.
  FoldStates points(const std::vector<IndexExpr>& index, const Lanes& lanes);
  /// Stores the results at the kept coordinates among `index`.
  void store_results(const std::vector<IndexExpr>& index, const FoldStates& states, const Lanes& lanes);
  /// Whether an element takes long enough to hide the latency of folding it.
  bool expensive() const;

  RegionKernel k;
  loop::Builder& b;
  std::vector<FoldRule> rules;
  std::vector<Loop> loops;
  std::vector<size_t> kept, folded;  // loops that are neither unit nor, where kept, the lanes'
  size_t lane = SIZE_MAX;            // the innermost of all that are not unit
  bool lane_kept = false;
  int lanes = 1;

 private:
  void find_folds();
  void find_loops();
  void share_memory();
  bool is_folded(size_t axis) const;
  Shape kept_shape() const;
  std::vector<Root> operands(const std::vector<IndexExpr>& index) const;
  AccessMap kept_map(const std::vector<IndexExpr>& index) const;

  std::vector<BodyFold> folds_;
  Shape shape_;                // of the folds' operands
  std::vector<int64_t> axes_;  // folded
  LoopSpace space_;
};

/// The kernel of column sums and their like: every lane has a result of its own.
void reduce_columns(ReduceNest& nest);

}  // namespace nnc
