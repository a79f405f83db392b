// From a fused graph to a program: lower every region, compile the distinct kernels, place every buffer, and
// write down the order of calls with the barriers that bytes demand.
#pragma once

#include "codegen/jit.h"
#include "codegen/program.h"
#include "codegen/target.h"
#include "ir/graph.h"

namespace nnc {

struct CompileOptions {
  Target target;
  Bindings max_dims;  // every symbol: the arena fits any smaller extents too
  Bindings expected;  // what tiles are chosen for; symbols left out are taken at their maximum
  int threads = 1;    // to lower with
};

/// Throws Error where a region cannot be lowered, naming it and its source line.
std::shared_ptr<const Program> compile_program(const Graph& fused, const CompileOptions& options,
                                               std::shared_ptr<Jit> jit);

/// The same table with its memory planned, and no code behind it: for listings.
Program plan_program(const Graph& fused, const CompileOptions& options);

/// The kernel of each call that compile_program() would make, in order, without compiling them.
std::vector<loop::Kernel> lower_all(const Graph& fused, const CompileOptions& options);

}  // namespace nnc
