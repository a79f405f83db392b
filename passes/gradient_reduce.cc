// Gradients of reductions. Where the place of an element along the reduced axes matters, these are first
// merged into one axis.
#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"
#include "passes/gradient_rules.h"

namespace nnc::gradient {
namespace {

// A value whose reduced axes are one: `order` then `split` is its shape before the merge.
struct Merged {
  Value x;
  int64_t axis;
  std::vector<int64_t> order;
  Shape split;
};

bool consecutive(const std::vector<int64_t>& axes) {
  return axes.back() - axes.front() + 1 == static_cast<int64_t>(axes.size());
}

Merged merge(Builder& b, Value x, const std::vector<int64_t>& axes, bool to_front) {
  std::vector<int64_t> kept = other_axes(b.type(x).rank(), axes), order = kept;
  auto at = static_cast<int64_t>(consecutive(axes) ? axes[0] : static_cast<int64_t>(kept.size()));
  if (to_front) at = 0;
  order.insert(order.begin() + at, axes.begin(), axes.end());
  Value moved = b.permute(x, order);
  Shape split = b.shape(moved), shape(split.begin(), split.begin() + at);
  shape.push_back(
      element_count(Shape(split.begin() + at, split.begin() + at + static_cast<int64_t>(axes.size()))));
  shape.insert(shape.end(), split.begin() + at + static_cast<int64_t>(axes.size()), split.end());
  return {b.reshape(moved, shape), at, order, split};
}

Value unmerge(Builder& b, const Merged& m, Value v) {
  return b.permute(b.reshape(v, m.split), inverse_order(m.order));
}

// `g`, which lacks the axes, repeated along them.
Value spread(const Pullback& p, Value g, size_t i) {
  Shape to = p.shape(i);
  return p.b.broadcast(g, to, other_axes(static_cast<int64_t>(to.size()), p.node.as<ReduceAttrs>().axes));
}

// True at the one element that decides the maximum (or minimum): the first.
Value first_extremum(Builder& b, const Merged& m, Op arg) {
  Shape shape = b.shape(m.x);
  Value at = b.add_one(arg, AxisAttrs{m.axis}, {m.x});
  Value place = b.iota({DType::I32, shape}, m.axis);
  return b.eq(place, b.broadcast(at, shape, other_axes(static_cast<int64_t>(shape.size()), {m.axis})));
}

Value extremum(const Pullback& p, size_t i, Op arg) {
  Builder& b = p.b;
  Merged m = merge(b, p.x(i), p.node.as<ReduceAttrs>().axes, false);
  Shape shape = b.shape(m.x);
  Value g = b.broadcast(p.g(i), shape, other_axes(static_cast<int64_t>(shape.size()), {m.axis}));
  return unmerge(b, m, b.select(first_extremum(b, m, arg), g, b.scalar(b.dtype(g), 0)));
}

// Row k of the result is the product of the rows before k (after it, when reversed).
Value exclusive_product(Builder& b, Value rows, bool reverse) {
  Type all = b.type(rows), row{all.dtype, Shape(all.shape.begin() + 1, all.shape.end())};
  auto body = std::make_shared<Graph>("exclusive_product");
  Builder step(*body);
  Value product = step.input("product", row), next = step.input("row", row);
  body->add_output({"product", step.mul(product, next)});
  body->add_output({"before", product});
  ScanAttrs attrs{1, 1, all.shape[0], reverse, {body}};
  return b.scan(attrs, {b.full(row.dtype, row.shape, 1), rows})[1];
}

// No division, so that a zero among the factors is as good as any other.
Value product(const Pullback& p, size_t i) {
  Builder& b = p.b;
  Merged m = merge(b, p.x(i), p.node.as<ReduceAttrs>().axes, true);
  Value others = b.mul(exclusive_product(b, m.x, false), exclusive_product(b, m.x, true));
  return b.mul(spread(p, p.g(i), i), unmerge(b, m, others));
}

Value plus(Builder& b, Value a, Value c) { return !a.valid() ? c : !c.valid() ? a : b.add(a, c); }

// m = max x, s = sum s_i e^(x_i - m); pairs (x, s_i) at operand i. With e_i = e^(x_i - m): ds_i = gs e_i, and
// dx_i = gs s_i e_i + [i is first at the maximum] (gm - gs s).
void max_sumexp(const Pullback& p, size_t i, Gradients& out) {
  Builder& b = p.b;
  Value gm = p.g(i), gs = p.g(i + 1);
  Value at_max = gm;
  if (gs.valid()) {
    Value weight = b.exp(b.sub(p.x(i), spread(p, p.y(static_cast<uint32_t>(i)), i)));
    out[i + 1] = b.mul(spread(p, gs, i), weight);
    out[i] = b.mul(out[i + 1], p.x(i + 1));
    at_max = plus(b, gm, b.neg(b.mul(gs, p.y(static_cast<uint32_t>(i + 1)))));
  }
  Merged m = merge(b, p.x(i), p.node.as<ReduceAttrs>().axes, false);
  Value first = unmerge(b, m, first_extremum(b, m, Op::ArgMax));
  out[i] = plus(b, out[i], b.select(first, spread(p, at_max, i), b.scalar(p.dtype(i), 0)));
}

// N = sum n_i, mean = sum n_i u_i / N, m2 = sum M_i + n_i (u_i - mean)^2; triples (u, M, n) at operand i. The
// derivative of m2 by the mean is zero, since sum n_i (u_i - mean) is.
void moments(const Pullback& p, size_t i, Gradients& out) {
  Builder& b = p.b;
  auto k = static_cast<uint32_t>(i);
  Value away = b.sub(p.x(i), spread(p, p.y(k), i));
  if (p.g(i).valid()) {
    Value per_count = spread(p, b.div(p.g(i), p.y(k + 2)), i);
    out[i] = b.mul(per_count, p.x(i + 2));
    out[i + 2] = b.mul(per_count, away);
  }
  if (p.g(i + 1).valid()) {
    Value g = spread(p, p.g(i + 1), i), g_away = b.mul(g, away);
    out[i + 1] = g;
    out[i] = plus(b, out[i], b.mul(b.mul(b.scalar(p.dtype(i), 2), g_away), p.x(i + 2)));
    out[i + 2] = plus(b, out[i + 2], b.mul(g_away, away));
  }
  if (p.g(i + 2).valid()) out[i + 2] = plus(b, out[i + 2], spread(p, p.g(i + 2), i));
}

bool flows(const Pullback& p, size_t first, size_t count) {
  bool any = false;
  for (size_t i = first; i < first + count; ++i) any |= p.g(i).valid();
  return any;
}

void one_operand(const Pullback& p, Monoid monoid, size_t i, Gradients& out) {
  switch (monoid) {
    case Monoid::Add:
      out[i] = spread(p, p.g(i), i);
      return;
    case Monoid::Mul:
      out[i] = product(p, i);
      return;
    case Monoid::Max:
      out[i] = extremum(p, i, Op::ArgMax);
      return;
    case Monoid::Min:
      out[i] = extremum(p, i, Op::ArgMin);
      return;
    case Monoid::MaxSumExp:
      max_sumexp(p, i, out);
      return;
    case Monoid::Moments:
      moments(p, i, out);
      return;
  }
}

}  // namespace

Gradients reduce(const Pullback& p) {
  const auto& a = p.node.as<ReduceAttrs>();
  Gradients out(p.node.operands.size());
  if (a.axes.empty()) return p.adjoints;
  size_t group = a.monoid == Monoid::MaxSumExp ? 2 : a.monoid == Monoid::Moments ? 3 : 1;
  for (size_t i = 0; i < out.size(); i += group) {
    if (flows(p, i, group)) one_operand(p, a.monoid, i, out);
  }
  return out;
}

}  // namespace nnc::gradient
