// Drops what only differentiation looks at.
#pragma once

#include "ir/graph.h"

namespace nnc {

/// Every stop_gradient replaced by its operand, bodies too: only for graphs that are not differentiated again.
Graph strip_stop_gradients(const Graph& source);

}  // namespace nnc
