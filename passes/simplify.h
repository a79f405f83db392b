// Algebraic simplification: rules as data, applied to every node as it is built, to a fixpoint. What a rule builds is
// itself simplified at once, so that no walk is ever repeated.
//
// Rules are exact: not one bit of a result changes, -0 and NaN included (a NaN stays a NaN).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ir/builder.h"

namespace nnc {

struct Rule {
  std::string_view name;
  std::string_view law;
  Op root;
  /// What equals the node, or an invalid Value where the law does not apply. `n` is a copy: building is safe.
  Value (*apply)(Builder& b, const Node& n);
  /// Values that the rule rewrites, over inputs made with b.input: what its test evaluates both sides of.
  std::vector<Value> (*examples)(Builder& b);
};

/// Every rule: those of elementwise ops, then those of movement, reductions and contractions.
std::vector<Rule> simplification_rules();
std::span<const Rule> elementwise_simplifications();
std::span<const Rule> movement_simplifications();

/// Bodies too. Elementwise ops on constants are evaluated; what nothing reads is dropped.
Graph simplify(const Graph& source);

}  // namespace nnc
