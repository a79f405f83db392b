#include "codegen/lower.h"

#include "codegen/contraction.h"
#include "codegen/region_kernel.h"
#include "ir/error.h"

namespace nnc {
namespace {

loop::Kernel by_kind(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  const RegionAttrs& attrs = graph.node(region).as<RegionAttrs>();
  switch (attrs.kind) {
    case KernelKind::Pointwise:
      return lower_pointwise(graph, region, target, expected);
    case KernelKind::Row:
      return lower_row(graph, region, target, expected);
    case KernelKind::Reduce:
      return lower_reduce(graph, region, target, expected);
    case KernelKind::Index:
      return lower_index(graph, region, target, expected);
    case KernelKind::Contraction:
      return lower_contraction(graph, region, target, expected);
    case KernelKind::Scan:
      throw Error("a scan is run step by step and has no kernel of its own");
  }
  throw Error("no kernel");
}

}  // namespace

loop::Kernel lower(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  try {
    return by_kind(graph, region, target, expected);
  } catch (const Error& e) {
    throw Error("region '" + graph.node(region).as<RegionAttrs>().name + "': " + e.what());
  }
}

}  // namespace nnc
