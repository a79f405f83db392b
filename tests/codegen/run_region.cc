#include "tests/codegen/run_region.h"

#include <algorithm>

#include "codegen/monoid.h"
#include "ir/bind.h"

namespace nnc::test {
namespace {

std::string leaf_name(const Node& n) {
  return n.op == Op::Input ? n.as<InputAttrs>().name : n.as<ParamAttrs>().path;
}

// Params become inputs: a region's body reads no state itself.
std::shared_ptr<Graph> body_of(const Graph& g) {
  auto body = std::make_shared<Graph>("body");
  std::vector<NodeId> image;
  for (const Node& n : g.nodes()) {
    std::vector<Value> operands;
    for (Value v : n.operands) operands.push_back({image[v.node], v.index});
    bool leaf = n.op == Op::Input || n.op == Op::Param;
    image.push_back(leaf ? body->add(Op::Input, InputAttrs{leaf_name(n), n.results[0]}, {})
                         : body->add(n.op, n.attrs, operands));
  }
  for (const Output& o : g.outputs()) body->add_output({o.name, {image[o.value.node], o.value.index}});
  return body;
}

bool is_trailing(const std::vector<int64_t>& axes, size_t rank) {
  return axes.empty() || axes.front() == static_cast<int64_t>(rank - axes.size());
}

}  // namespace

Graph as_region(const Graph& g, KernelKind kind) {
  std::shared_ptr<Graph> body = body_of(g);
  Graph out("region");
  std::vector<Value> operands;
  for (NodeId id : body->inputs()) {
    const Node& n = body->node(id);
    operands.push_back({out.add(Op::Input, n.attrs, {}), 0});
  }
  NodeId region = out.add(Op::Region, RegionAttrs{kind, "test", {body}}, operands);
  for (uint32_t i = 0; i < body->outputs().size(); ++i) {
    out.add_output({body->outputs()[i].name, {region, i}});
  }
  return out;
}

std::vector<KernelKind> region_kinds(const Graph& g) {
  bool folds = false, trailing = true, others = false, scatters = false;
  for (const Node& n : g.nodes()) {
    others = others || n.op == Op::Dot || n.op == Op::Scan || n.op == Op::Region;
    scatters = scatters || n.op == Op::ScatterAdd;
    if (!is_fold(n.op)) continue;
    folds = true;
    trailing = trailing && is_trailing(fold_axes(n), static_cast<size_t>(g.type(n.operands[0]).rank()));
  }
  if (others) return {};
  if (scatters) return {KernelKind::Index};
  auto shape = [&](const Output& o) { return g.type(o.value).shape; };
  std::vector<KernelKind> out;
  if (std::all_of(g.outputs().begin(), g.outputs().end(),
                  [&](const Output& o) { return shape(o) == shape(g.outputs()[0]); })) {
    out.push_back(KernelKind::Pointwise);
  }
  if (folds) out.push_back(KernelKind::Reduce);
  if (folds && trailing) out.push_back(KernelKind::Row);
  return out;
}

RegionRun run_region(const loop::Kernel& kernel, KernelFunction function,
                     const std::vector<const Tensor*>& operands, const std::vector<Type>& results,
                     const Bindings& dims, int64_t pieces) {
  std::vector<void*> buffers;
  for (const Tensor* t : operands) buffers.push_back(const_cast<std::byte*>(t->bytes().data()));
  RegionRun out;
  for (const Type& type : results) {
    out.results.push_back(Tensor(type.dtype, evaluate(type.shape, dims)));
    std::fill(out.results.back().bytes().begin(), out.results.back().bytes().end(), std::byte{0x5a});
  }
  for (Tensor& t : out.results) buffers.push_back(t.bytes().data());
  std::vector<int64_t> symbols;
  for (const std::string& name : kernel.symbols) symbols.push_back(dims.at(name));
  std::vector<uint64_t> literals;
  for (const Literal& l : kernel.literals) literals.push_back(l.bits);
  Tensor scratch(DType::U8, {std::max<int64_t>(1, scratch_bytes(kernel, dims))});
  KernelCall call{buffers.data(), symbols.data(), literals.data(), &out.status};
  int64_t tasks = task_count(kernel, dims);
  for (int64_t p = pieces; p-- > 0;) {
    function(&call, tasks * p / pieces, tasks * (p + 1) / pieces, scratch.bytes().data());
  }
  return out;
}

RegionRun run_region(const Graph& region_graph, const loop::Kernel& kernel, KernelFunction function,
                     const NamedTensors& inputs, const Bindings& dims, int64_t pieces) {
  std::vector<const Tensor*> operands;
  for (NodeId id : region_graph.inputs()) {
    operands.push_back(&inputs.at(region_graph.node(id).as<InputAttrs>().name));
  }
  std::vector<Type> results;
  for (const Output& o : region_graph.outputs()) results.push_back(region_graph.type(o.value));
  return run_region(kernel, function, operands, results, dims, pieces);
}

}  // namespace nnc::test
