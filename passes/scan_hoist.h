// Moves work out of scans. Products that do not read the carried state run once over all steps, before the scan:
//
//   scan { dot(concat(x, h), w) }   →   zx = dot(xs, w_x) over all steps;  scan { zx_t + dot(h, w_h) }
//
// and so does what follows from them alone. What is the same at every step is computed once. A split product is
// summed in another order than the whole one.
#pragma once

#include "ir/graph.h"

namespace nnc {

/// Scans inside bodies too.
Graph hoist_scans(const Graph& source);

}  // namespace nnc
