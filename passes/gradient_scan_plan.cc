// What the scans of a scan's gradient yield, sums over steps, and the two scans themselves.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "passes/differentiate.h"
#include "passes/gradient_scan.h"
#include "passes/rewrite.h"
#include "passes/stack_node.h"

namespace nnc::gradient {
namespace {

bool contains(const std::vector<Value>& list, Value v) {
  return std::find(list.begin(), list.end(), v) != list.end();
}

std::vector<int64_t> over_time(const std::vector<int64_t>& axes) {
  std::vector<int64_t> out{0};
  for (int64_t a : axes) out.push_back(a + 1);
  return out;
}

std::vector<int64_t> shifted(std::vector<int64_t> axes) {
  for (int64_t& a : axes) ++a;
  return axes;
}

// f(x) + f(y) = f(x + y), for operands that all differ between steps.
bool is_additive(const Node& n) {
  constexpr Op kOps[] = {Op::Add,   Op::Sub,    Op::Neg,     Op::Reshape, Op::Permute, Op::Broadcast,
                         Op::Slice, Op::Concat, Op::Reverse, Op::Window,  Op::Unwindow};
  if (n.op == Op::Pad) return n.as<PadAttrs>().value.as_double() == 0;
  return std::find(std::begin(kOps), std::end(kOps), n.op) != std::end(kOps);
}

}  // namespace

bool ScanPlan::available(Value v) const {
  if (!t_.stepwise[v.node] || t_.is_forward(v) || contains(yields_, v)) return true;
  const std::vector<Value>& operands = t_.graph.node(v).operands;
  return t_.is_view(v) &&
         std::all_of(operands.begin(), operands.end(), [&](Value o) { return available(o); });
}

void ScanPlan::request(Value v) {
  auto input = t_.inputs.find(v.node);
  auto seed = std::find(t_.seeds.begin(), t_.seeds.end(), v);
  if (seed != t_.seeds.end() && seed - t_.seeds.begin() >= t_.attrs.carries) {
    stacks_[v] = t_.p.g(static_cast<size_t>(seed - t_.seeds.begin()));
  } else if (input != t_.inputs.end() && input->second >= t_.carries()) {
    stacks_[v] = t_.p.x(input->second);
  } else if (t_.is_forward(v)) {
    residuals_.insert(v);
  } else if (!contains(yields_, v)) {
    yields_.push_back(v);
  }
}

// A value that is the same at every step, built outside.
Value ScanPlan::outer(Value v) {
  auto known = outer_.find(v);
  if (known != outer_.end()) return known->second;
  auto input = t_.inputs.find(v.node);
  if (input != t_.inputs.end()) return t_.p.x(input->second);
  const Node& n = t_.graph.node(v);
  std::vector<Value> operands;
  for (Value o : n.operands) operands.push_back(outer(o));
  std::vector<Value> results = b_.add_node(n.op, n.attrs, operands);
  for (uint32_t i = 0; i < results.size(); ++i) outer_[{v.node, i}] = results[i];
  return outer_.at(v);
}

ScanPlan::Later ScanPlan::stacked(Value v) {
  const Dim& length = t_.attrs.length;
  if (!t_.stepwise[v.node]) return [=, this] { return repeat_leading(b_, outer(v), length); };
  if (!t_.is_view(v)) {
    request(v);
    return [=, this] { return stacks_.at(v); };
  }
  const Node& n = t_.graph.node(v);
  std::vector<Later> parts;
  std::vector<bool> flags;
  for (Value o : n.operands) {
    flags.push_back(t_.stepwise[o.node]);
    if (flags.back())
      parts.push_back(stacked(o));
    else
      parts.push_back([=, this] { return outer(o); });
  }
  return [=, this, &n] {
    std::vector<Value> operands;
    for (const Later& part : parts) operands.push_back(part());
    return stack_node(b_, n, operands, flags, length);
  };
}

ScanPlan::Later ScanPlan::accumulate(Value v) {
  if (!contains(accumulators_, v)) accumulators_.push_back(v);
  return [=, this] { return accumulated_.at(v); };
}

ScanPlan::Later ScanPlan::sum_of_same_op(const Node& n) {
  std::vector<Later> parts;
  for (Value o : n.operands) parts.push_back(sum(o));
  return [=, this, &n] {
    std::vector<Value> operands;
    for (const Later& part : parts) operands.push_back(part());
    return b_.add_one(n.op, n.attrs, std::move(operands));
  };
}

ScanPlan::Later ScanPlan::sum_dot(const Node& n) {
  Later lhs = stacked(n.operands[0]), rhs = stacked(n.operands[1]);
  DotAttrs a = n.as<DotAttrs>();
  a = {shifted(a.lhs_batch), shifted(a.rhs_batch), over_time(a.lhs_contract), over_time(a.rhs_contract),
       a.accumulate};
  return [=, this] {
    Value l = lhs();
    return b_.dot(l, rhs(), a);
  };
}

// The steps become the first of the axes that the indices have.
ScanPlan::Later ScanPlan::sum_scatter(const Node& n) {
  int64_t axis = n.as<AxisAttrs>().axis;
  Later base = sum(n.operands[0]), indices = stacked(n.operands[1]), updates = stacked(n.operands[2]);
  return [=, this] {
    Value into = base(), at = indices(), what = updates();
    std::vector<int64_t> order(b_.shape(what).size());
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + 1, order.begin() + axis + 1);
    return b_.scatter_add(into, at, b_.permute(what, order), axis);
  };
}

// One operand is the same at every step: the op is linear in the other.
ScanPlan::Later ScanPlan::sum_linear(const Node& n) {
  size_t varying = t_.stepwise[n.operands[0].node] ? 0 : 1;
  Later part = sum(n.operands[varying]);
  Value fixed = n.operands[1 - varying];
  return [=, this, &n] {
    std::vector<Value> operands(2);
    operands[varying] = part();
    operands[1 - varying] = outer(fixed);
    return b_.add_one(n.op, n.attrs, std::move(operands));
  };
}

ScanPlan::Later ScanPlan::sum(Value v) {
  if (!t_.stepwise[v.node]) {
    return
        [=, this] { return b_.mul(outer(v), b_.cast(b_.extent(t_.attrs.length), t_.graph.type(v).dtype)); };
  }
  const Node& n = t_.graph.node(v);
  if (is_additive(n)) return sum_of_same_op(n);
  auto steps = [&](size_t i) { return static_cast<bool>(t_.stepwise[n.operands[i].node]); };
  if (n.op == Op::Dot && steps(0) && steps(1)) return sum_dot(n);
  bool storage_only = n.op == Op::Dot && t_.graph.type(n.operands[0]).dtype == DType::BF16;
  if ((n.op == Op::Dot || n.op == Op::Mul) && steps(0) != steps(1) && !storage_only) return sum_linear(n);
  if (n.op == Op::Div && !steps(1)) return sum_linear(n);
  if (n.op == Op::ScatterAdd) return sum_scatter(n);
  bool folds = n.op == Op::Reduce && n.operands.size() == 1 && n.as<ReduceAttrs>().monoid == Monoid::Add;
  if (folds && available(n.operands[0])) {
    Later x = stacked(n.operands[0]);
    return [=, this, &n] { return b_.reduce_add(x(), over_time(n.as<ReduceAttrs>().axes)); };
  }
  return accumulate(v);
}

void ScanPlan::request_dots(Value v) {
  const Node& n = t_.graph.node(v);
  if (!t_.stepwise[v.node]) return;
  if (is_additive(n)) {
    for (Value o : n.operands) request_dots(o);
  } else if (n.op == Op::Dot && t_.stepwise[n.operands[0].node] && t_.stepwise[n.operands[1].node]) {
    stacked(n.operands[0]);
    stacked(n.operands[1]);
  }
}

// What the backward body reads of the forward steps, from its roots down: an input, or a value to save.
void ScanPlan::find_residuals(const std::vector<Value>& roots) {
  std::set<Value> work(roots.begin(), roots.end());
  while (!work.empty()) {
    Value v = *work.rbegin();
    work.erase(v);
    bool is_seed = contains(t_.seeds, v), is_input = t_.inputs.count(v.node) > 0;
    bool saved = t_.is_forward(v) && t_.stepwise[v.node] && !t_.is_view(v);
    if (is_seed || is_input || saved) {
      back_inputs_.insert(v);
      if (t_.stepwise[v.node] && !is_carry_seed(v)) request(v);
    } else if (back_nodes_.insert(v.node).second) {
      for (Value o : t_.graph.node(v).operands) work.insert(o);
    }
  }
}

bool ScanPlan::is_carry_seed(Value v) const {
  auto carries_end = t_.seeds.begin() + t_.attrs.carries;
  return std::find(t_.seeds.begin(), carries_end, v) != carries_end;
}

void ScanPlan::emit() {
  std::vector<Value> roots = yields_;
  roots.insert(roots.end(), accumulators_.begin(), accumulators_.end());
  for (size_t k = 0; k < t_.carries(); ++k) {
    if (t_.active[k]) roots.push_back(t_.adjoints[k]);
  }
  find_residuals(roots);
  emit_forward();
  if (!roots.empty()) emit_backward();
}

// The scan again with the residuals as further yields; what it yields already is taken from where it is.
void ScanPlan::emit_forward() {
  Graph body = t_.body;
  std::vector<Value> added;
  for (Value v : residuals_) {
    const std::vector<Output>& outputs = t_.body.outputs();
    auto yielded = std::find_if(outputs.begin() + t_.attrs.carries, outputs.end(),
                                [&](const Output& o) { return o.value == v; });
    if (yielded != outputs.end()) {
      stacks_[v] = t_.p.y(static_cast<uint32_t>(yielded - outputs.begin()));
      continue;
    }
    size_t number = added.size();
    while (body.find_output(fmt::format("saved{}", number))) ++number;
    body.add_output({fmt::format("saved{}", number), v});
    added.push_back(v);
  }
  if (added.empty()) return;
  ScanAttrs attrs = t_.attrs;
  attrs.body.graph = std::make_shared<const Graph>(std::move(body));
  std::vector<Value> results = b_.scan(attrs, t_.p.node.operands);
  for (size_t i = 0; i < added.size(); ++i) stacks_[added[i]] = results[t_.body.outputs().size() + i];
}

namespace {

// The backward scan while its body is written: inputs and their operands, then nodes, then outputs.
struct BackwardScan {
  BackwardScan(Builder& to, const Graph& tape) : outer(to), tape(tape), body("adjoint"), b(body) {
    for (ScopeId id = 1; id < tape.scopes().size(); ++id)
      body.scope(tape.scopes()[id].parent, tape.scopes()[id].name);
  }
  Value input(const char* prefix, Type type, Value operand) {
    operands.push_back(operand);
    return b.input(fmt::format("{}{}", prefix, operands.size() - 1), std::move(type));
  }
  Value input_for(Value of, const char* prefix, Value operand) {
    return image[of] = input(prefix, tape.type(of), operand);
  }
  void copy(NodeId id) {
    const Node& n = tape.node(id);
    std::vector<Value> mapped;
    for (Value v : n.operands) mapped.push_back(image.at(v));
    b.set_scope(n.scope);
    b.set_loc(n.loc);
    std::vector<Value> results = b.add_node(n.op, n.attrs, mapped);
    for (uint32_t i = 0; i < results.size(); ++i) image[{id, i}] = results[i];
  }
  void output(const char* prefix, Value v) {
    body.add_output({fmt::format("{}{}", prefix, body.outputs().size()), v});
  }
  Value zeros(const Type& t) { return outer.full(t.dtype, t.shape, 0); }

  Builder& outer;
  const Graph& tape;
  Graph body;
  Builder b;
  std::vector<Value> operands;
  std::map<Value, Value> image;
};

}  // namespace

void ScanPlan::emit_backward() {
  BackwardScan back(b_, t_.graph);
  std::vector<size_t> carried;
  for (size_t k = 0; k < t_.carries(); ++k) {
    if (!t_.active[k]) continue;
    carried.push_back(k);
    Value start = t_.p.g(k).valid() ? t_.p.g(k) : back.zeros(t_.graph.type(t_.seeds[k]));
    back.input_for(t_.seeds[k], "d", start);
  }
  std::vector<Value> sums;
  for (Value v : accumulators_)
    sums.push_back(back.input("sum", t_.graph.type(v), back.zeros(t_.graph.type(v))));
  ScanAttrs attrs{static_cast<int64_t>(back.operands.size()), 0, t_.attrs.length, !t_.attrs.reverse, {}};
  for (Value v : back_inputs_) {
    if (t_.stepwise[v.node] && !is_carry_seed(v)) back.input_for(v, "x", stacks_.at(v));
  }
  attrs.scanned = static_cast<int64_t>(back.operands.size()) - attrs.carries;
  for (Value v : back_inputs_) {
    if (!t_.stepwise[v.node]) back.input_for(v, "w", outer(v));
  }
  for (NodeId id : back_nodes_) back.copy(id);

  for (size_t k : carried) back.output("d", back.image.at(t_.adjoints[k]));
  for (size_t i = 0; i < sums.size(); ++i)
    back.output("sum", back.b.add(sums[i], back.image.at(accumulators_[i])));
  for (Value v : yields_) back.output("y", back.image.at(v));

  attrs.body.graph = std::make_shared<const Graph>(std::move(back.body));
  std::vector<Value> results = b_.scan(attrs, back.operands);
  size_t at = 0;
  for (size_t k : carried) initial_adjoints_[k] = results[at++];
  for (Value v : accumulators_) accumulated_[v] = results[at++];
  for (Value v : yields_) stacks_[v] = results[at++];
}

}  // namespace nnc::gradient
