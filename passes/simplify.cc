// The engine: brings each node of the new graph to normal form once, operands first.
#include "passes/simplify.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "ir/interpreter.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

using RulesByOp = std::vector<std::vector<Rule>>;

RulesByOp rules_by_op() {
  RulesByOp out(all_ops().size());
  for (const Rule& r : simplification_rules()) out[static_cast<size_t>(r.root)].push_back(r);
  return out;
}

class Simplifier {
 public:
  Simplifier(const Graph& source, const RulesByOp& rules) : source_(source), rules_(rules), to_(source) {}

  Graph run() {
    std::vector<bool> live = live_nodes(source_);
    for (NodeId id = 0; id < source_.size(); ++id) {
      if (live[id] || source_.node(id).op == Op::Input) visit(id);
    }
    return eliminate_dead_code(to_.finish());
  }

 private:
  void visit(NodeId id) {
    const Node& n = source_.node(id);
    if (body_of(n)) {
      to_.keep(id, map_body(n.attrs, [&](const Graph& body) { return Simplifier(body, rules_).run(); }));
    } else {
      to_.keep(id);
    }
    if (n.results.size() != 1) return;
    to_.replace(id, {normal(to_({id, 0}))});
  }

  // The normal form of a value of the new graph.
  Value normal(Value v) {
    auto known = normal_.find(v.node);
    if (known != normal_.end()) return known->second;
    const Node n = to_.builder().graph().node(v);
    if (n.results.size() != 1 || body_of(n)) return v;
    Value simpler = rebuilt(v, n);
    if (simpler == v) simpler = rewritten(v, n);
    Value out = simpler == v ? v : normal(simpler);
    normal_[v.node] = out;
    return out;
  }

  Value rebuilt(Value v, const Node& n) {
    std::vector<Value> operands;
    for (Value o : n.operands) operands.push_back(normal(o));
    if (operands == n.operands) return v;
    return to_.builder().add_one(n.op, n.attrs, std::move(operands));
  }

  Value rewritten(Value v, const Node& n) {
    Builder& b = to_.builder();
    if (std::optional<Literal> value = folded(n)) return b.constant(*value);
    for (const Rule& rule : rules_[static_cast<size_t>(n.op)]) {
      Value out = rule.apply(b, n);
      if (out.valid() && out != v) return out;
    }
    return v;
  }

  // An elementwise op on scalar constants, computed by its definition.
  std::optional<Literal> folded(const Node& n) {
    if (!is_elementwise(n.op) || n.op == Op::Barrier || n.op == Op::StopGradient) return std::nullopt;
    std::vector<Tensor> values;
    for (Value o : n.operands) {
      const Node* c = &to_.builder().graph().node(o);
      if (c->op != Op::Constant) return std::nullopt;
      values.push_back(Tensor::scalar(c->as<ConstantAttrs>().value));
    }
    std::vector<const Tensor*> operands;
    for (const Tensor& t : values) operands.push_back(&t);
    return evaluate_op(n.op, n.attrs, n.results, operands)[0].literal(0);
  }

  const Graph& source_;
  const RulesByOp& rules_;
  Rebuild to_;
  std::unordered_map<NodeId, Value> normal_;
};

}  // namespace

std::vector<Rule> simplification_rules() {
  std::vector<Rule> out;
  for (const Rule& r : elementwise_simplifications()) out.push_back(r);
  for (const Rule& r : movement_simplifications()) out.push_back(r);
  return out;
}

Graph simplify(const Graph& source) {
  RulesByOp rules = rules_by_op();
  return Simplifier(source, rules).run();
}

}  // namespace nnc
