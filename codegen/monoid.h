// The monoids of reduce, argmax and argmin as code over states of one to three values, scalars or vectors:
// one definition for folds in place, along rows and across chunks.
#pragma once

#include <vector>

#include "codegen/loop_builder.h"
#include "ir/graph.h"

namespace nnc {

/// How one group of operands is folded. Arg folds carry (value, i32 index).
struct FoldRule {
  enum class Kind : uint8_t { Monoid, ArgMax, ArgMin };
  Kind kind = Kind::Monoid;
  nnc::Monoid monoid = nnc::Monoid::Add;
  DType dtype = DType::F32;  // of the operands

  /// Values in a state: 1, MaxSumExp and arg folds 2, Moments 3.
  int width() const;
  std::vector<DType> types() const;
};

/// Operands (and results) per group: group g of a node is operands [g * n, (g + 1) * n).
int fold_group(const Node& node);
/// The rule of a group of reduce, argmax or argmin.
FoldRule fold_rule(const Graph& graph, const Node& node, int group = 0);
bool is_fold(Op op);
/// The folded axes, increasing.
std::vector<int64_t> fold_axes(const Node& node);

using FoldState = std::vector<loop::Val>;

/// The state of an empty fold.
FoldState fold_identity(loop::Builder& b, const FoldRule& rule, int lanes);
/// One element's operands as a state; `index` (i32 scalar or lanes) is for arg folds.
FoldState fold_element(loop::Builder& b, const FoldRule& rule, std::vector<loop::Val> operands,
                       loop::Val index);
/// Associative up to rounding. Arg folds prefer the lower index among equals, so that any order gives the
/// first.
FoldState fold_merge(loop::Builder& b, const FoldRule& rule, const FoldState& a, const FoldState& x);
/// Lanes folded into one in a fixed tree.
FoldState fold_lanes(loop::Builder& b, const FoldRule& rule, FoldState state);
/// The results: for arg folds the index, 0 where nothing was folded.
std::vector<loop::Val> fold_results(loop::Builder& b, const FoldRule& rule, const FoldState& state);
/// Lanes of `state` where the mask holds, the identity elsewhere.
FoldState fold_where(loop::Builder& b, const FoldRule& rule, loop::Val mask, const FoldState& state);

}  // namespace nnc
