// Folds along loops: how partial results are grouped, which is what fixes the bits. Elements are folded into
// `unroll` accumulators of whole vectors; 64 rounds make a chunk, and chunks are folded in order. The grouping
// depends on the extents alone, never on tasks or threads, and a sum of a million f32 keeps its precision.
#pragma once

#include <functional>
#include <vector>

#include "codegen/monoid.h"
#include "codegen/pull.h"

namespace nnc {

/// One fold of a body: a group of operands of a reduce, argmax or argmin.
struct BodyFold {
  NodeId node = 0;
  int group = 0;
  FoldRule rule;
};
std::vector<BodyFold> folds_of(const Graph& body, NodeId node);

/// The element at `map` of the fold's operands; `place` is its index along the folded axes.
FoldState fold_point(Pull& pull, const BodyFold& fold, const AccessMap& map, const IndexExpr& place,
                     const Lanes& lanes);
/// The fold's results, read at `map`, are these from here on.
void bind_fold(Pull& pull, const BodyFold& fold, const AccessMap& map, const FoldState& state);

using FoldStates = std::vector<FoldState>;

inline constexpr int64_t kRoundsPerChunk = 64;

/// A loop over [0, extent). With `step` above 1 an iteration covers that many points, one per lane.
struct FoldLoop {
  Dim extent;
  int step = 1;
  int unroll = 1;
};
/// What one iteration contributes to every fold; `active` marks the lanes that exist. Without folds, what it does.
using FoldStep = std::function<FoldStates(loop::Val iv, loop::Val active)>;

/// States are `lanes` wide throughout.
FoldStates fold_loop(loop::Builder& b, const FoldLoop& loop, const std::vector<FoldRule>& rules, int lanes,
                     const FoldStep& step);
/// What such a loop without steps or rounds makes of the states before by [lo, hi), a part of a chunk.
FoldStates fold_range(loop::Builder& b, const std::vector<FoldRule>& rules, const FoldStates& before,
                      loop::Val lo, loop::Val hi, const FoldStep& step);
/// Folded as a balanced tree.
FoldStates fold_tree(loop::Builder& b, const std::vector<FoldRule>& rules, std::vector<FoldStates> parts);
FoldStates fold_identities(loop::Builder& b, const std::vector<FoldRule>& rules, int lanes);
FoldStates fold_merge_all(loop::Builder& b, const std::vector<FoldRule>& rules, const FoldStates& a,
                          const FoldStates& x);

/// Loops over all of `extents` but the last one by one, and the last as given; the step gets every index.
using NestStep = std::function<FoldStates(const std::vector<loop::Val>& ivs, loop::Val active)>;
FoldStates fold_nest(loop::Builder& b, const Shape& extents, int step, int unroll,
                     const std::vector<FoldRule>& rules, int lanes, const NestStep& body);

}  // namespace nnc
