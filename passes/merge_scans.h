// Scans over the same operands with the same carries become one that yields what each of them yielded. A
// differentiated scan is such a pair: the forward scan, and the same again that also yields what the way back
// needs.
#pragma once

#include "ir/graph.h"

namespace nnc {

Graph merge_scans(const Graph& source);

}  // namespace nnc
