// What the left-hand sides of rules look at.
#pragma once

#include <optional>

#include "ir/builder.h"

namespace nnc {

/// The node behind `v` when it is an `op`, else null. Valid until something is built.
inline const Node* match(Builder& b, Value v, Op op) {
  const Node& n = b.graph().node(v);
  return n.op == op ? &n : nullptr;
}

/// The literal that every element of `v` is, if that is plain to see.
inline std::optional<Literal> splat(Builder& b, Value v) {
  const Node* n = &b.graph().node(v);
  if (n->op == Op::Broadcast) n = &b.graph().node(n->operands[0]);
  if (n->op != Op::Constant) return std::nullopt;
  return n->as<ConstantAttrs>().value;
}

/// Every element is exactly `value`: the same bits, so that -0.0 and 0.0 are different.
inline bool is_splat(Builder& b, Value v, double value) {
  std::optional<Literal> literal = splat(b, v);
  return literal && *literal == Literal::from_double(literal->dtype, value);
}

/// Not negative whatever its symbols are bound to.
inline bool never_negative(const Dim& d) {
  for (const Dim::Term& term : d.terms()) {
    if (term.coefficient < 0) return false;
  }
  return true;
}

}  // namespace nnc
