// Lowers a contraction region (one dot, whatever can be pulled into its operands, a pointwise function of its
// result) to one register-tiled kernel. contraction_form.h says what is computed, contraction_plan.h how, and
// the nest of loops here follows the plan:
//
//   for block: the thread's tasks (batch, column block, row block) that share their columns
//     for chunk of depth:
//       pack the columns                              once for all of the block's rows
//       for rows of a task: pack them;                where that pays
//         for strip of rows: for panel of columns:    the register tile (contraction_tile.h) and, after the last
//                                                     chunk, the epilogue (contraction_epilogue.h)
#pragma once

#include "codegen/loop.h"
#include "codegen/target.h"
#include "ir/graph.h"

namespace nnc {

/// `expected` binds the symbols of the shapes to the sizes tile and block choices are made for.
loop::Kernel lower_contraction(const Graph& graph, NodeId region, const Target& target,
                               const Bindings& expected);

}  // namespace nnc
