// The tape of a scan's gradient, and the rule.
#include "passes/gradient_scan.h"

#include <algorithm>

#include "passes/differentiate.h"
#include "passes/rewrite.h"

namespace nnc::gradient {

Tape::Tape(const Pullback& pullback)
    : p(pullback), attrs(p.node.as<ScanAttrs>()), body(*attrs.body.graph), forward(body.size()), graph(body) {
  for (size_t i = 0; i < body.inputs().size(); ++i) inputs[body.inputs()[i]] = i;
  find_active();
  add_seeds();
  pull();
  find_stepwise();
}

bool Tape::is_view(Value v) const {
  constexpr Op kEitherWay[] = {Op::Broadcast, Op::Pad, Op::Window, Op::Reshape, Op::Permute, Op::Reverse};
  const Node& n = graph.node(v);
  if (std::find(std::begin(kEitherWay), std::end(kEitherWay), n.op) != std::end(kEitherWay)) return true;
  if (!is_forward(v)) return false;
  bool widens = n.op == Op::Cast && size_of(graph.type(n.operands[0]).dtype) <= size_of(n.results[0].dtype);
  return n.op == Op::Concat || widens;
}

// An adjoint is carried back for a carry that depends on something wanted and that something with an adjoint
// depends on; both through any number of steps.
void Tape::find_active() {
  std::vector<bool> depends(carries()), needed(body.outputs().size());
  for (size_t k = 0; k < carries(); ++k) depends[k] = p.wants(k);
  for (size_t k = 0; k < needed.size(); ++k) needed[k] = p.g(k).valid();
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<Value> roots;
    for (size_t i = 0; i < body.inputs().size(); ++i) {
      if (p.wants(i) || (i < carries() && depends[i])) roots.push_back({body.inputs()[i], 0});
    }
    std::vector<bool> varies = varying(body, roots);
    std::vector<Value> ends;
    for (size_t k = 0; k < needed.size(); ++k) {
      if (needed[k]) ends.push_back(body.outputs()[k].value);
    }
    std::vector<bool> reached = ancestors(body, ends);
    for (size_t k = 0; k < carries(); ++k) {
      bool differentiable = is_float(body.type(body.outputs()[k].value).dtype);
      if (!depends[k] && differentiable && varies[body.outputs()[k].value.node]) depends[k] = changed = true;
      if (!needed[k] && reached[body.inputs()[k]]) needed[k] = changed = true;
    }
  }
  for (size_t k = 0; k < carries(); ++k) active.push_back(depends[k] && needed[k]);
}

// Names no input of a model or of a backward body has, as equal inputs would be one node.
void Tape::add_seeds() {
  Builder b(graph);
  for (size_t k = 0; k < body.outputs().size(); ++k) {
    bool arrives = k < carries() ? active[k] : p.g(k).valid();
    Type type = adjoint_type(body.type(body.outputs()[k].value));
    seeds.push_back(arrives ? b.input("<-" + std::to_string(k), type) : Value{});
  }
}

void Tape::pull() {
  Builder b(graph);
  std::vector<Value> wrt;
  std::vector<size_t> place;
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    if (!p.wants(i) && !(i < carries() && active[i])) continue;
    wrt.push_back({body.inputs()[i], 0});
    place.push_back(i);
  }
  std::vector<Seed> into;
  for (size_t k = 0; k < seeds.size(); ++k) {
    if (seeds[k].valid()) into.push_back({body.outputs()[k].value, seeds[k]});
  }
  std::vector<Value> found = pull_back(b, into, wrt);
  adjoints.resize(body.inputs().size());
  for (size_t i = 0; i < wrt.size(); ++i) adjoints[place[i]] = found[i];
  for (size_t k = 0; k < carries(); ++k) {
    Type type = adjoint_type(body.node(body.inputs()[k]).results[0]);
    if (active[k] && !adjoints[k].valid()) adjoints[k] = b.full(type.dtype, type.shape, 0);
  }
}

void Tape::find_stepwise() {
  stepwise.resize(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    auto input = inputs.find(id);
    stepwise[id] = n.op == Op::Input && (input == inputs.end() || input->second < scanned_end());
    for (Value v : n.operands) stepwise[id] = stepwise[id] || stepwise[v.node];
  }
}

Gradients scan(const Pullback& p) {
  Tape tape(p);
  ScanPlan plan(tape);
  std::vector<ScanPlan::Later> later(p.node.operands.size());
  auto wanted = [&](size_t i) { return p.wants(i) && tape.adjoints[i].valid(); };
  for (size_t i = tape.scanned_end(); i < later.size(); ++i) {
    if (wanted(i)) plan.request_dots(tape.adjoints[i]);
  }
  for (size_t i = tape.carries(); i < later.size(); ++i) {
    if (wanted(i))
      later[i] = i < tape.scanned_end() ? plan.stacked(tape.adjoints[i]) : plan.sum(tape.adjoints[i]);
  }
  plan.emit();
  Gradients out(later.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (i < tape.carries() && tape.active[i] && p.wants(i)) out[i] = plan.initial_adjoint(i);
    if (later[i]) out[i] = later[i]();
  }
  return out;
}

}  // namespace nnc::gradient
