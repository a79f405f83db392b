// The graph as Graphviz text, one box per node, boxes of one scope together.
#pragma once

#include <string>

#include "ir/graph.h"

namespace nnc::tool {

std::string dot_of(const Graph& graph);

}  // namespace nnc::tool
