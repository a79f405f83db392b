#include "codegen/equal_regions.h"

#include <algorithm>

namespace nnc {
namespace {

const RegionAttrs& attrs_of(const RegionOf& r) { return r.graph->node(r.id).as<RegionAttrs>(); }

bool same_node(const Node& a, const Node& b) {
  return a.op == b.op && a.operands == b.operands && a.results == b.results &&
         (a.op == Op::Input || a.attrs == b.attrs);
}

bool computes_the_same(const RegionOf& x, const RegionOf& y) {
  const Graph &a = *attrs_of(x).body.graph, &b = *attrs_of(y).body.graph;
  if (attrs_of(x).kind != attrs_of(y).kind || a.size() != b.size() || a.inputs() != b.inputs()) return false;
  for (NodeId id = 0; id < a.size(); ++id) {
    if (!same_node(a.node(id), b.node(id))) return false;
  }
  return std::ranges::equal(a.outputs(), b.outputs(), {}, &Output::value, &Output::value);
}

}  // namespace

std::vector<size_t> first_equal(const std::vector<RegionOf>& regions) {
  std::vector<size_t> first, distinct;
  for (size_t i = 0; i < regions.size(); ++i) {
    auto it =
        std::ranges::find_if(distinct, [&](size_t d) { return computes_the_same(regions[d], regions[i]); });
    first.push_back(it == distinct.end() ? i : *it);
    if (it == distinct.end()) distinct.push_back(i);
  }
  return first;
}

loop::Kernel renamed(loop::Kernel kernel, const RegionOf& region) {
  const Graph& body = *attrs_of(region).body.graph;
  kernel.name = attrs_of(region).name;
  for (loop::Buffer& b : kernel.buffers) {
    auto index = static_cast<size_t>(b.index);
    if (b.role == loop::BufferRole::Operand) b.name = body.node(body.inputs()[index]).as<InputAttrs>().name;
    if (b.role == loop::BufferRole::Result) b.name = body.outputs()[index].name;
  }
  return kernel;
}

}  // namespace nnc
