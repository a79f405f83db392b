// Small graphs as one region, lowered, compiled and run on host tensors.
#pragma once

#include <vector>

#include "codegen/jit.h"
#include "codegen/loop.h"
#include "ir/graph.h"
#include "ir/interpreter.h"

namespace nnc::test {

/// `g` as a graph of one region node over its inputs and params; the region is the last node.
Graph as_region(const Graph& g, KernelKind kind);

/// The kinds whose lowering takes the whole graph.
std::vector<KernelKind> region_kinds(const Graph& g);

/// What one kernel call gives.
struct RegionRun {
  std::vector<Tensor> results;
  uint32_t status = 0;
};
/// Runs a kernel with its tasks split into `pieces` calls, last piece first.
RegionRun run_region(const loop::Kernel& kernel, KernelFunction function,
                     const std::vector<const Tensor*>& operands, const std::vector<Type>& results,
                     const Bindings& dims, int64_t pieces);
/// Runs the kernel of `region_graph` with its tasks split into `pieces` calls, last piece first.
RegionRun run_region(const Graph& region_graph, const loop::Kernel& kernel, KernelFunction function,
                     const NamedTensors& inputs, const Bindings& dims, int64_t pieces);

}  // namespace nnc::test
