// What must hold of a graph between passes, checked whole: everything that is wrong is reported at once, at
// the node.
#pragma once

#include <string>
#include <vector>

#include "ir/diagnostics.h"
#include "ir/graph.h"

namespace nnc {

/// How far along a graph is; which ops are legal where is a table in verify.cc.
enum class Stage : uint8_t {
  Primitives,  // elaborated, differentiated, simplified: any op but regions
  Fused,       // leaves, reshapes, regions, and scans over fused bodies
};

/// Empty when all is well. Checks that operands come before their users and exist, that types are what
/// inference says, that inputs and outputs are named once, that dimensions have plain names, that a state
/// write has the type of the param it replaces, that bodies are closed, and that every op is legal at the stage.
std::vector<Diagnostic> verify(const Graph& graph, Stage stage);

/// Throws Error listing everything verify finds; `when` says after what ("after simplify").
void check(const Graph& graph, Stage stage, const std::string& when);

}  // namespace nnc
