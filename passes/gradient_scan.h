// The gradient of a scan, in parts. The body and its adjoint are built into one tape; what the adjoint reads
// of the forward steps is saved by a forward scan that yields it too (residuals), and the adjoint becomes a
// scan the other way round that carries the adjoints of the carries.
//
// The adjoint of an invariant (a weight) is a sum over steps. It is not accumulated: the sum is pushed
// through linear ops down to contractions, which then run once over all steps on stacked operands:
//   sum_t dot(a_t, g_t)  =  dot(a, g) with the time axis contracted too.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "passes/gradient_rules.h"

namespace nnc::gradient {

/// The body of a scan with its adjoint behind it: nodes below `forward` are the body's own, with their ids.
struct Tape {
  explicit Tape(const Pullback& p);

  const Pullback& p;
  const ScanAttrs& attrs;
  const Graph& body;
  size_t forward;
  Graph graph;
  std::vector<bool> active;     // per carry: whether an adjoint is carried back
  std::vector<Value> seeds;     // per body output: the input its adjoint arrives by; invalid where none does
  std::vector<Value> adjoints;  // per body input; invalid where zero or not wanted
  std::vector<bool> stepwise;   // per node: it differs between steps
  std::map<NodeId, size_t> inputs;  // body inputs by node

  size_t carries() const { return static_cast<size_t>(attrs.carries); }
  size_t scanned_end() const { return static_cast<size_t>(attrs.carries + attrs.scanned); }
  bool is_forward(Value v) const { return v.node < forward; }
  /// Moves elements and no more: done again from its operand rather than saved. A broadcast, pad or window is
  /// larger than what it reads, and is never stacked even when it belongs to the adjoint.
  bool is_view(Value v) const;

 private:
  void find_active();
  void add_seeds();
  void pull();
  void find_stepwise();
};

/// What the two scans must yield, collected before they are emitted; values that need them are built after.
class ScanPlan {
 public:
  explicit ScanPlan(const Tape& tape) : t_(tape), b_(tape.p.b) {}

  /// Built once the scans are there.
  using Later = std::function<Value()>;
  /// `v` of every step: [length, ...].
  Later stacked(Value v);
  /// The sum of `v` over the steps.
  Later sum(Value v);
  /// Asks for the stacks that contractions inside sum(v) will read, so that other sums may share them.
  void request_dots(Value v);

  /// Builds both scans; `stacked` and `sum` values may be built from here on.
  void emit();
  /// The adjoint of a carry's initial value; the carry must be active.
  Value initial_adjoint(size_t carry) const { return initial_adjoints_.at(carry); }

 private:
  bool available(Value v) const;
  void request(Value v);
  Value outer(Value v);
  Later sum_dot(const Node& n);
  Later sum_scatter(const Node& n);
  Later sum_linear(const Node& n);
  Later accumulate(Value v);
  Later sum_of_same_op(const Node& n);
  void find_residuals(const std::vector<Value>& roots);
  void emit_forward();
  void emit_backward();
  bool is_carry_seed(Value v) const;

  const Tape& t_;
  Builder& b_;
  std::vector<Value> yields_, accumulators_;  // of the backward body
  std::set<Value> residuals_, back_inputs_;   // of the tape: read by the backward body
  std::set<NodeId> back_nodes_;               // rebuilt in the backward body
  std::map<Value, Value> stacks_, outer_;     // tape value -> outer value
  std::map<Value, Value> accumulated_;
  std::map<size_t, Value> initial_adjoints_;
};

}  // namespace nnc::gradient
