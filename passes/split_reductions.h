// Sums of everything in two steps. A fold to one scalar is one task, and runs on one thread however large it is; a fold of
// every row and then of the rows' results is as many tasks as there are rows.
#pragma once

#include "ir/graph.h"

namespace nnc {

/// Law: folding all axes equals folding all but the first, then the first, up to the rounding of sums. Only where the
/// operand is large and its extents are numbers.
Graph split_reductions(const Graph& graph);

}  // namespace nnc
