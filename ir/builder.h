// Builds primitives into a graph: one method per primitive, plus the few conveniences every composite needs
// (NumPy broadcasting, scalars, scopes). All composites, gradients and rewrites go through here.
// Every method throws Error when the operands do not fit.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace nnc {

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  Graph& graph() { return graph_; }
  const Type& type(Value v) const { return graph_.type(v); }
  const Shape& shape(Value v) const { return graph_.type(v).shape; }
  DType dtype(Value v) const { return graph_.type(v).dtype; }

  // Labels for the nodes built next.
  ScopeId scope() const { return scope_; }
  void set_scope(ScopeId scope) { scope_ = scope; }
  Loc loc() const { return loc_; }
  void set_loc(Loc loc) { loc_ = loc; }

  /// Any op; the typed methods below all end here.
  std::vector<Value> add_node(Op op, Attrs attrs, std::vector<Value> operands);
  Value add_one(Op op, Attrs attrs, std::vector<Value> operands);

  // Leaves
  Value input(const std::string& name, Type type);
  Value param(const std::string& path, Type type, bool trainable = true);
  Value constant(Literal value);
  /// The scalar `value` as `dtype`, rounded.
  Value scalar(DType dtype, double value);
  /// `value` as `dtype`, broadcast to `shape`.
  Value full(DType dtype, const Shape& shape, double value);
  Value iota(Type type, int64_t axis);
  Value extent(const Dim& dim);
  Value random(const std::string& key, Type type, Value seed, Value counter);

  /// Elementwise ops by name of the op; operands are broadcast against each other as NumPy does.
  Value unary(Op op, Value x);
  Value binary(Op op, Value a, Value b);
  Value neg(Value x) { return unary(Op::Neg, x); }
  Value exp(Value x) { return unary(Op::Exp, x); }
  Value log(Value x) { return unary(Op::Log, x); }
  Value sqrt(Value x) { return unary(Op::Sqrt, x); }
  Value add(Value a, Value b) { return binary(Op::Add, a, b); }
  Value sub(Value a, Value b) { return binary(Op::Sub, a, b); }
  Value mul(Value a, Value b) { return binary(Op::Mul, a, b); }
  Value div(Value a, Value b) { return binary(Op::Div, a, b); }
  Value max(Value a, Value b) { return binary(Op::Max, a, b); }
  Value min(Value a, Value b) { return binary(Op::Min, a, b); }
  Value lt(Value a, Value b) { return binary(Op::Lt, a, b); }
  Value le(Value a, Value b) { return binary(Op::Le, a, b); }
  Value eq(Value a, Value b) { return binary(Op::Eq, a, b); }
  Value select(Value condition, Value a, Value b);
  /// x if it has that type already.
  Value cast(Value x, DType to);

  // Movement; each returns its operand where it would change nothing.
  Value reshape(Value x, const Shape& shape);
  Value permute(Value x, const std::vector<int64_t>& order);
  Value broadcast(Value x, const Shape& shape, const std::vector<int64_t>& axes);
  /// NumPy's rule: axes aligned at the end, extents of 1 repeat.
  Value broadcast_to(Value x, const Shape& shape);
  /// The shape both broadcast to; an Error with both shapes when there is none.
  static Shape broadcast_shape(const Shape& a, const Shape& b);
  Value slice(Value x, const Shape& start, const Shape& size, const std::vector<int64_t>& stride);
  /// `size` elements from `start` along one axis, everything along the others.
  Value slice_axis(Value x, int64_t axis, const Dim& start, const Dim& size);
  Value pad(Value x, const Shape& low, const Shape& high, const std::vector<int64_t>& interior,
            Literal value);
  Value concat(const std::vector<Value>& xs, int64_t axis);
  Value reverse(Value x, const std::vector<int64_t>& axes);
  Value window(Value x, const std::vector<WindowAxis>& windows);
  Value unwindow(Value x, const std::vector<WindowAxis>& windows, const Shape& shape);

  Value gather(Value data, Value indices, int64_t axis);
  Value scatter_add(Value base, Value indices, Value updates, int64_t axis);

  Value reduce(Monoid monoid, Value x, const std::vector<int64_t>& axes);
  std::vector<Value> reduce(Monoid monoid, const std::vector<Value>& xs, const std::vector<int64_t>& axes);
  Value reduce_add(Value x, const std::vector<int64_t>& axes) { return reduce(Monoid::Add, x, axes); }
  Value reduce_max(Value x, const std::vector<int64_t>& axes) { return reduce(Monoid::Max, x, axes); }
  Value argmax(Value x, int64_t axis);
  Value argmin(Value x, int64_t axis);

  Value dot(Value lhs, Value rhs, DotAttrs attrs);
  /// Contracts `lhs_axis` of lhs with `rhs_axis` of rhs, no batch axes; accumulates in f64 for f64, else in f32.
  Value contract(Value lhs, Value rhs, int64_t lhs_axis, int64_t rhs_axis);

  std::vector<Value> scan(ScanAttrs attrs, std::vector<Value> operands);

 private:
  Graph& graph_;
  ScopeId scope_ = 0;
  Loc loc_;
};

/// Enters a child scope for the lifetime of the object.
class ScopeGuard {
 public:
  ScopeGuard(Builder& b, const std::string& name) : b_(b), saved_(b.scope()) {
    b.set_scope(b.graph().scope(saved_, name));
  }
  ~ScopeGuard() { b_.set_scope(saved_); }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Builder& b_;
  ScopeId saved_;
};

/// Copies `source`'s nodes that `roots` depend on into `b`'s graph, its inputs replaced by `arguments` (in order).
/// Scopes and locations come along. Returns the images of the roots.
std::vector<Value> inline_graph(Builder& b, const Graph& source, const std::vector<Value>& arguments,
                                const std::vector<Value>& roots);

}  // namespace nnc
