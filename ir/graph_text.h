// Graphs as `.nn` text and back. The text parses to a graph with the same structure, which prints
// identically.
//
//   graph step(image: u8[B, 4]) {
//     h.weight = param(path = "h.weight") : f32[4, 2]
//     cast = cast(image) : f32[B, 4]
//     h.dot = dot(cast, h.weight, lhs_contract = [1], rhs_contract = [0]) : f32[B, 2]
//     output logits = h.dot
//     write h.weight = h.weight
//   }
//
// The type behind a node gives the attributes that repeat it (the type of a leaf, the shape of a reshape,
// broadcast or unwindow); elsewhere it may be missing, and is checked when written. Attributes at their usual
// value are left out: empty lists, flags, and element types of f32. A scan or region has its body in braces,
// with the body's inputs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/ast.h"
#include "ir/diagnostics.h"
#include "ir/graph.h"

namespace nnc {

std::string print(const Graph& graph);
/// The statement of each node as it stands in that text, without indentation; of inputs too.
std::vector<std::string> node_texts(const Graph& graph);

/// The graph of a `graph` block; nothing when it has errors, all of which are reported. ir/verify.h checks
/// the rest.
std::optional<Graph> to_graph(const ast::Graph& text, Diagnostics& diagnostics);

/// Every graph block of the source of `diagnostics`; anything else in it is an error.
std::vector<Graph> parse_graphs(Diagnostics& diagnostics);

/// The one graph in `text`; throws Error with the rendered diagnostics.
Graph parse_graph(const std::string& text);

/// One line per attribute struct field that is printed, as `name = value`, joined by commas.
std::string attributes_text(const Attrs& attrs);

}  // namespace nnc
