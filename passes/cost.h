// What a graph costs by its definition: arithmetic, and the memory its nodes (or regions) exchange. Counts are
// polynomials in the symbolic extents.
#pragma once

#include "ir/graph.h"

namespace nnc {

struct Cost {
  Dim flops;  // one per elementwise result and folded element, two per multiply-add of a contraction
  Dim bytes;  // read and written by nodes that are not views; by whole regions where the graph is fused
};

Cost cost_of(const Graph& graph);
/// Of one node, bodies included.
Dim flops_of(const Graph& graph, const Node& node);

}  // namespace nnc
