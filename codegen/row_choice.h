// Rows of which one element differs, as the label's does among the logits of a cross entropy. A comparison of the place
// along the row with an index that is the row's own holds at one element at most: a sum of what it selects is that
// element, and results may be computed as if it held nowhere and be put right in one place.
//
//   hit   = eq(iota(axis = 1), broadcast(label, axes = [0]))     : bool[N, C]
//   score = reduce(select(hit, x, 0), monoid = add, axes = [1])  : f32[N]       a pick of x
//   dx    = sub(p, cast(hit, f32))                               : f32[N, C]    p, with a repair
#pragma once

#include <optional>
#include <vector>

#include "codegen/fold_loop.h"

namespace nnc {

struct RowChoice {
  Value holds;  // the comparison, of the shape of all rows
  Value index;  // what the place is compared with, inside the row or not: an integer, the same all along
};

/// A sum over the row of what a choice selects.
struct RowPick {
  BodyFold fold;
  RowChoice choice;
  Value value;  // whose chosen element it is
};

/// Results that a choice bears on at the chosen element alone.
struct RowRepair {
  RowChoice choice;
  std::vector<size_t> results;
};

/// The choices in a region's body, for rows along the last axis of `full`.
std::vector<RowChoice> find_choices(const Graph& body, const Shape& full);
/// The fold, where it is a sum of what one of the choices selects and zeros.
std::optional<RowPick> as_pick(const Graph& body, const BodyFold& fold,
                               const std::vector<RowChoice>& choices);

}  // namespace nnc
