// Evaluation with averaged weights: a graph that reads the moving average of a parameter wherever there is one.
#pragma once

#include <functional>
#include <string>

#include "ir/graph.h"

namespace nnc {

/// `graph` with each param whose average_path() `exists` replaced by that one, cast where it is stored wider.
Graph read_averages(const Graph& graph, const std::function<bool(const std::string& path)>& exists);

}  // namespace nnc
