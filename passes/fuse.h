// Rewrites a graph of primitives into one of regions, each computed by a single kernel, in the order they
// run. Between regions are only leaves, reshapes (another name for the same memory) and scans, whose bodies
// are fused likewise. A region that writes state comes after every region that reads its old value, where
// that is possible.
#pragma once

#include <vector>

#include "ir/diagnostics.h"
#include "ir/graph.h"
#include "passes/fusion_groups.h"

namespace nnc {

/// With `remarks`, adds why neighbouring regions stayed apart, those in bodies of scans included.
Graph fuse(const Graph& graph, FusionMode mode = FusionMode::Fused,
           std::vector<Diagnostic>* remarks = nullptr);

}  // namespace nnc
