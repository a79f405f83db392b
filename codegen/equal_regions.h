// Equal layers: regions that compute the same under other names are lowered once.
#pragma once

#include <vector>

#include "codegen/loop.h"
#include "ir/graph.h"

namespace nnc {

struct RegionOf {
  const Graph* graph;
  NodeId id;
};

/// For each region the first one of the list that computes the same: itself, or an earlier one. Names of inputs,
/// outputs and scopes do not matter.
std::vector<size_t> first_equal(const std::vector<RegionOf>& regions);

/// The kernel of an equal region under this one's names.
loop::Kernel renamed(loop::Kernel kernel, const RegionOf& region);

}  // namespace nnc
