// Lowers a contraction region (one dot, whatever can be pulled into its operands, a pointwise function of its
// result) to one register-tiled kernel. contraction_form.h says what is computed, contraction_plan.h how, and
// the nest of loops here follows the plan:
//
//   for task: (batch, row block, column block)        panels that tasks share are packed at a change of block
//     for chunk of depth:
//       for panel of columns:  pack it; for tile of rows: the register tile (contraction_tile.h)
//     for panel of columns:    epilogue on the block of results (contraction_epilogue.h)
#pragma once

#include "codegen/loop.h"
#include "codegen/target.h"
#include "ir/graph.h"

namespace nnc {

/// `expected` binds the symbols of the shapes to the sizes tile and block choices are made for.
loop::Kernel lower_contraction(const Graph& graph, NodeId region, const Target& target,
                               const Bindings& expected);

}  // namespace nnc
