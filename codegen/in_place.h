// Which operands of a region may be the memory of its results: those of whose elements each is read only for the
// result elements at its own place, and written after.
#pragma once

#include <vector>

#include "codegen/loop.h"
#include "ir/graph.h"

namespace nnc {

/// Body inputs that reach the results through elementwise ops alone, and `anchor` (the region's contraction or fold)
/// not at all.
std::vector<NodeId> read_in_place(const Graph& body, const std::vector<NodeId>& anchors);

/// Puts each such input into one alias group with every result of its type. Buffers begin with the inputs, then the
/// results, in the body's order.
void share_in_place(loop::Kernel& kernel, const Graph& body, const std::vector<NodeId>& anchors);

}  // namespace nnc
