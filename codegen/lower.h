// From a fused region to a kernel in loop form: one function per region kind.
#pragma once

#include "codegen/loop.h"
#include "codegen/target.h"
#include "ir/graph.h"

namespace nnc {

/// The kernel of `region`, a Region node of `graph`. `expected` gives every symbol the size that tiles are chosen
/// for; the kernel is right for any other. Throws Error, naming the region, for what its kind cannot express.
loop::Kernel lower(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);

}  // namespace nnc
