// Reverse-mode differentiation, graph to graph: adjoint nodes are appended to the graph of `y`, built from
// primitives by one rule per primitive (passes/gradient_rules.h), so that gradients of gradients of any order
// need nothing more.
//
//   Value loss = …;                                        // f32[]
//   std::vector<Value> g = gradients(b, loss, {w, bias});  // the types of w and bias
//
// Choices where a derivative does not exist: |x| and sign-like ties at 0 give 0; max and min of equal
// operands give half to each, as PyTorch does; a reduction's maximum gives everything to its first index.
// Integers, bools, predicates, floor, argmax and stop_gradient pass nothing on.
#pragma once

#include <span>
#include <vector>

#include "ir/builder.h"

namespace nnc {

/// d y / d wrt[i], of the type of wrt[i]; zeros where y does not depend on it. `y` is a float scalar, or
/// `seed` is its adjoint, of its type. Throws Error naming the op and its line where there is no rule.
std::vector<Value> gradients(Builder& b, Value y, const std::vector<Value>& wrt, Value seed = {});

/// An output and what flows back into it.
struct Seed {
  Value output, adjoint;
};

/// As `gradients` from several outputs, with an invalid Value where nothing flows. Adjoints of bf16 values
/// are f32, in and out.
std::vector<Value> pull_back(Builder& b, std::span<const Seed> seeds, const std::vector<Value>& wrt);

/// The element type adjoints of `type` are summed in: f32 for bf16, else its own.
DType adjoint_dtype(DType type);
Type adjoint_type(const Type& type);

/// varies[id]: some float result of the node depends differentiably on a root.
std::vector<bool> varying(const Graph& graph, const std::vector<Value>& roots);

}  // namespace nnc
