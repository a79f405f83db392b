// What the elements of a region read, before any code exists: the leaves behind a value and where each is read.
// Decides how axes collapse into loops and which operands may share memory with a result.
#pragma once

#include <functional>
#include <vector>

#include "codegen/access_map.h"

namespace nnc {

/// A value asked for at a point.
struct Root {
  Value value;
  AccessMap map;
};

/// A leaf (input, iota or random) read at `map`; `offset` is its position in memory (of iota: the index).
struct LeafAccess {
  Value leaf;
  AccessMap map;
  IndexExpr offset;
};

/// Every leaf read for the roots. Folded axes and gathered indices become variables of their own; values in
/// `known` are not looked behind.
std::vector<LeafAccess> leaf_accesses(const Graph& body, const std::vector<Root>& roots,
                                      const std::vector<Value>& known = {});

/// Neighbouring axes as few loops: `groups[i]` holds the extents of the axes of loop i.
struct LoopSpace {
  std::vector<Shape> groups;
  std::vector<int> labels;

  Dim extent(size_t group) const { return element_count(groups[group]); }
  /// Coordinates of the axes from one index per loop.
  std::vector<IndexExpr> coordinates(const std::vector<IndexExpr>& loops) const;
};

/// Merges neighbouring axes of one label where that adds no division to any access of what `roots` gives for the
/// coordinates. There is always at least one loop per label that occurs.
using RootsAt = std::function<std::vector<Root>(const std::vector<IndexExpr>& coordinates)>;
LoopSpace collapse(const Graph& body, const Shape& shape, const std::vector<int>& labels,
                   const RootsAt& roots);

}  // namespace nnc
