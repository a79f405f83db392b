// One gradient rule per primitive. A rule gets the adjoints of a node's results and builds those of its
// operands.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace nnc {

/// A node on the way back. Adjoints of bf16 values are f32.
struct Pullback {
  Builder& b;
  NodeId id;
  const Node& node;             // a copy: building moves the graph's own
  std::vector<Value> adjoints;  // per result, invalid where nothing flows back
  std::vector<bool> wanted;     // per operand: whether its adjoint is read

  Value x(size_t i = 0) const { return node.operands[i]; }
  Value y(uint32_t i = 0) const { return {id, i}; }
  Value g(size_t i = 0) const { return adjoints[i]; }
  bool wants(size_t i) const { return wanted[i]; }
  Shape shape(size_t i = 0) const { return b.shape(x(i)); }
  /// An operand's adjoint type's element type.
  DType dtype(size_t i = 0) const;
};

/// Per operand; invalid where it is zero or not wanted. May be shorter than the operands.
using Gradients = std::vector<Value>;
using GradientRule = Gradients (*)(const Pullback&);

/// Null where the gradient is zero everywhere (predicates, leaves, floor, stop_gradient).
GradientRule gradient_rule(Op op);

/// "'region' (line 12, column 3, in h.linear)": what messages about a node begin with.
std::string describe(const Graph& graph, NodeId id);

// The rules with files of their own.
namespace gradient {
Gradients reduce(const Pullback& p);   // gradient_reduce.cc
Gradients dot(const Pullback& p);      // gradient_dot.cc
Gradients scan(const Pullback& p);     // gradient_scan.cc
Gradients reshape(const Pullback& p);  // gradient_movement.cc, as are the next
Gradients permute(const Pullback& p);
Gradients broadcast(const Pullback& p);
Gradients slice(const Pullback& p);
Gradients pad(const Pullback& p);
Gradients concat(const Pullback& p);
Gradients reverse(const Pullback& p);
Gradients window(const Pullback& p);
Gradients unwindow(const Pullback& p);
Gradients gather(const Pullback& p);
Gradients scatter_add(const Pullback& p);
}  // namespace gradient

/// order with order[result[i]] == i.
std::vector<int64_t> inverse_order(const std::vector<int64_t>& order);
/// The axes of a value of `rank` that are not in `axes`, increasing.
std::vector<int64_t> other_axes(int64_t rank, const std::vector<int64_t>& axes);

}  // namespace nnc
