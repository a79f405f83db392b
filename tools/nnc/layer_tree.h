// A graph as people think of it: layers (the primitives of one scope), layers within blocks, and what flows between
// them. Constants and what is computed from them alone are left out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace nnc::tool {

enum class LayerKind : uint8_t { Layer, Cluster, Input, Param, Output };

struct LayerNode {
  LayerKind kind = LayerKind::Layer;
  std::string name;           // within its parent: "linear", "h.relu"
  std::string path;           // of its scope; empty for inputs and outputs
  std::string type;           // of what it gives
  Dim parameters = 0;         // trainable numbers
  std::vector<NodeId> nodes;  // its primitives, where it is no cluster
  std::vector<LayerNode> children;
  /// Between children, by index; kOutside is whatever lies around.
  std::vector<std::pair<int, int>> edges;
};

inline constexpr int kOutside = -1;

/// The whole graph as a cluster without a name. What flows between its children has no cycles: a scope that is left and
/// entered again becomes two layers.
LayerNode layer_tree(const Graph& graph);

}  // namespace nnc::tool
