// The walk back: adjoints are summed per value, in the order of the nodes that read it.
#include "passes/differentiate.h"

#include <cassert>
#include <map>

#include <fmt/format.h>

#include "ir/error.h"
#include "passes/gradient_rules.h"

namespace nnc {

DType adjoint_dtype(DType type) { return type == DType::BF16 ? DType::F32 : type; }
Type adjoint_type(const Type& type) { return {adjoint_dtype(type.dtype), type.shape}; }

std::vector<bool> varying(const Graph& graph, const std::vector<Value>& roots) {
  std::vector<bool> varies(graph.size(), false);
  for (Value v : roots) varies[v.node] = true;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    if (varies[id] || !gradient_rule(n.op)) continue;
    bool is_differentiable = false, reads = false;
    for (const Type& t : n.results) is_differentiable |= is_float(t.dtype);
    for (Value v : n.operands) reads |= varies[v.node] && is_float(graph.type(v).dtype);
    varies[id] = is_differentiable && reads;
  }
  return varies;
}

namespace {

// Adjoint nodes are labelled by the scope of what they differentiate: "h.linear.grad", whatever the order.
ScopeId gradient_scope(Graph& graph, ScopeId forward) {
  if (graph.scopes()[forward].name == "grad") return forward;
  return graph.scope(forward, "grad");
}

class Reverse {
 public:
  Reverse(Builder& b, const std::vector<Value>& wrt) : b_(b), varies_(varying(b.graph(), wrt)) {}

  void flow(Value to, Value adjoint) {
    if (to.node >= varies_.size() || !varies_[to.node] || !is_float(b_.dtype(to))) return;
    Value& sum = adjoints_[to];
    sum = sum.valid() ? b_.add(sum, adjoint) : adjoint;
  }
  Value adjoint(Value v) const {
    auto it = adjoints_.find(v);
    return it == adjoints_.end() ? Value{} : it->second;
  }
  void run() {
    for (size_t id = varies_.size(); id-- > 0;) {
      if (varies_[id]) visit(static_cast<NodeId>(id));
    }
  }

 private:
  void visit(NodeId id) {
    const Node node = b_.graph().node(id);
    Pullback p{b_, id, node, {}, {}};
    bool reached = false;
    for (uint32_t i = 0; i < node.results.size(); ++i) {
      p.adjoints.push_back(adjoint({id, i}));
      reached |= p.adjoints.back().valid();
    }
    for (Value v : node.operands) p.wanted.push_back(varies_[v.node] && is_float(b_.dtype(v)));
    GradientRule rule = gradient_rule(node.op);
    if (!reached || !rule || node.operands.empty()) return;
    b_.set_scope(gradient_scope(b_.graph(), node.scope));
    b_.set_loc(node.loc);
    Gradients out = rule(p);
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i].valid()) flow(node.operands[i], out[i]);
    }
  }

  Builder& b_;
  std::vector<bool> varies_;
  std::map<Value, Value> adjoints_;
};

}  // namespace

std::vector<Value> pull_back(Builder& b, std::span<const Seed> seeds, const std::vector<Value>& wrt) {
  ScopeId scope = b.scope();
  Loc loc = b.loc();
  Reverse reverse(b, wrt);
  for (const Seed& s : seeds) reverse.flow(s.output, s.adjoint);
  reverse.run();
  b.set_scope(scope);
  b.set_loc(loc);
  std::vector<Value> out;
  for (Value v : wrt) out.push_back(reverse.adjoint(v));
  return out;
}

std::vector<Value> gradients(Builder& b, Value y, const std::vector<Value>& wrt, Value seed) {
  Type type = b.type(y);
  if (!is_float(type.dtype))
    throw Error(fmt::format("{} is not differentiable: it is {}", describe(b.graph(), y.node), type.str()));
  if (!seed.valid() && !type.is_scalar()) {
    throw Error(fmt::format("the gradient of {} needs a scalar or a seed: it is {}",
                            describe(b.graph(), y.node), type.str()));
  }
  if (seed.valid() && b.type(seed) != type) {
    throw Error(fmt::format("the seed is {} and should be {}", b.type(seed).str(), type.str()));
  }
  Value start =
      seed.valid() ? b.cast(seed, adjoint_dtype(type.dtype)) : b.scalar(adjoint_dtype(type.dtype), 1);
  std::vector<Seed> seeds = {{y, start}};
  std::vector<Value> out = pull_back(b, seeds, wrt);
  for (size_t i = 0; i < out.size(); ++i) {
    Type t = b.type(wrt[i]);
    out[i] = out[i].valid() ? b.cast(out[i], t.dtype) : b.full(t.dtype, t.shape, 0);
  }
  return out;
}

std::string describe(const Graph& graph, NodeId id) {
  const Node& n = graph.node(id);
  std::string where = n.loc.line ? fmt::format("line {}, column {}", n.loc.line, n.loc.column) : "";
  std::string scope = graph.scope_path(n.scope);
  if (!scope.empty()) where += (where.empty() ? "in " : ", in ") + scope;
  return fmt::format("'{}'{}", info(n.op).name, where.empty() ? "" : " (" + where + ")");
}

}  // namespace nnc
