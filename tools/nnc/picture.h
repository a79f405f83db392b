// Pictures of a graph by its scopes: layers as boxes, blocks as frames around them, and what flows between.
#pragma once

#include <string>

#include "ir/graph.h"
#include "tools/nnc/layer_tree.h"

namespace nnc::tool {

/// A picture of its own, <svg …>…</svg>. With `links`, a click on a layer goes to the element "#layer-N", N counting
/// the tree's layers (no clusters, inputs, params or outputs) in the order of the picture.
std::string svg_of(const LayerNode& tree, bool links = false);
/// A page: the picture, and each layer unfolded to its primitives.
std::string html_of(const Graph& graph, const std::string& title);
/// Graphviz text: a box per layer, a cluster per block.
std::string dot_of(const LayerNode& tree, const std::string& name);

}  // namespace nnc::tool
