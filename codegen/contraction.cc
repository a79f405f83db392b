#include "codegen/contraction.h"

#include <algorithm>

#include "codegen/contraction_nest.h"
#include "codegen/contraction_plan.h"
#include "codegen/in_place.h"

namespace nnc {
namespace {

using namespace contraction;

struct Candidate {
  Form form;
  Plan plan;
};

Dim bytes_of(const Type& type) { return element_count(type.shape) * Dim(size_of(type.dtype)); }

// Leading axes of the columns' side that could be batch instead: all but the last.
int most_peeled(const Graph& body, bool rhs) {
  const Node& dot = body.node(find_dot(body));
  const DotAttrs& a = dot.as<DotAttrs>();
  size_t used = rhs ? a.rhs_batch.size() + a.rhs_contract.size() : a.lhs_batch.size() + a.lhs_contract.size();
  return std::max(0, static_cast<int>(body.type(dot.operands[rhs]).rank()) - static_cast<int>(used) - 1);
}

// The way with the fewest cycles, over both sides for the vectors and every number of peeled axes. Where
// results are no neighbours along either axis each costs a scattered store, which peeling avoids.
Candidate best_candidate(const Graph& body, const Target& target, const Bindings& expected) {
  std::optional<Candidate> best;
  for (bool rhs : {true, false}) {
    for (int peeled = 0; peeled <= most_peeled(body, rhs); ++peeled) {
      Form form(body, {rhs, peeled});
      Plan plan = choose(problem_shape(form, expected), target);
      if (!best || plan.cycles < best->plan.cycles) best.emplace(Candidate{form, plan});
    }
  }
  return *best;
}

// Operands that the dot reads must not change while it runs: a group of its own for each, until share_in_place().
void declare_buffers(loop::Builder& b, const Graph& body, std::vector<int>& inputs,
                     std::vector<int>& outputs) {
  int group = 0;
  for (NodeId id : body.inputs()) {
    const Node& n = body.node(id);
    inputs.push_back(b.buffer({n.as<InputAttrs>().name, n.results[0].dtype, loop::BufferRole::Operand,
                               static_cast<int>(inputs.size()), element_count(n.results[0].shape), group++}));
  }
  for (const Output& out : body.outputs()) {
    const Type& type = body.type(out.value);
    outputs.push_back(b.buffer({out.name, type.dtype, loop::BufferRole::Result,
                                static_cast<int>(outputs.size()), element_count(type.shape), group++}));
  }
}

void count_work(loop::Kernel& kernel, const Graph& body, const Form& form) {
  kernel.flops =
      Dim(2) * form.extent(kBatch) * form.extent(kRow) * form.extent(kColumn) * form.extent(kDepth);
  kernel.bytes = 0;
  for (NodeId id : body.inputs()) kernel.bytes = kernel.bytes + bytes_of(body.node(id).results[0]);
  for (const Output& out : body.outputs()) kernel.bytes = kernel.bytes + bytes_of(body.type(out.value));
}

}  // namespace

loop::Kernel lower_contraction(const Graph& graph, NodeId region, const Target& target,
                               const Bindings& expected) {
  const RegionAttrs& attrs = graph.node(region).as<RegionAttrs>();
  const Graph& body = *attrs.body.graph;
  Candidate c = best_candidate(body, target, expected);
  loop::Kernel kernel;
  kernel.name = attrs.name;
  kernel.note = c.plan.str();
  loop::Builder b(kernel);
  std::vector<int> inputs, outputs;
  declare_buffers(b, body, inputs, outputs);
  share_in_place(kernel, body, {find_dot(body)});
  Nest(b, c.form, c.plan, inputs, outputs).emit();
  count_work(kernel, body, c.form);
  b.finish();
  return kernel;
}

}  // namespace nnc
