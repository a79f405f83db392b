// The table of gradient rules, and the rules of the elementwise primitives.
#include "passes/gradient_rules.h"

#include <cmath>

#include <fmt/format.h>

#include "ir/error.h"
#include "passes/differentiate.h"

namespace nnc {

DType Pullback::dtype(size_t i) const { return adjoint_dtype(b.dtype(x(i))); }

std::vector<int64_t> inverse_order(const std::vector<int64_t>& order) {
  std::vector<int64_t> out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[order[i]] = static_cast<int64_t>(i);
  return out;
}

std::vector<int64_t> other_axes(int64_t rank, const std::vector<int64_t>& axes) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < rank; ++i) {
    bool listed = false;
    for (int64_t a : axes) listed |= a == i;
    if (!listed) out.push_back(i);
  }
  return out;
}

namespace gradient {
namespace {

Value number(const Pullback& p, double value) { return p.b.scalar(p.b.dtype(p.g()), value); }
Value square(Builder& b, Value x) { return b.mul(x, x); }

Gradients identity(const Pullback& p) { return {p.g()}; }
Gradients neg(const Pullback& p) { return {p.b.neg(p.g())}; }
Gradients abs(const Pullback& p) {
  Value zero = number(p, 0);
  Value rising = p.b.select(p.b.lt(zero, p.x()), p.g(), zero);
  return {p.b.select(p.b.lt(p.x(), zero), p.b.neg(p.g()), rising)};
}
Gradients exp(const Pullback& p) { return {p.b.mul(p.g(), p.y())}; }
Gradients expm1(const Pullback& p) { return {p.b.mul(p.g(), p.b.add(p.y(), number(p, 1)))}; }
Gradients log(const Pullback& p) { return {p.b.div(p.g(), p.x())}; }
Gradients log1p(const Pullback& p) { return {p.b.div(p.g(), p.b.add(p.x(), number(p, 1)))}; }
Gradients sqrt(const Pullback& p) { return {p.b.div(p.b.mul(p.g(), number(p, 0.5)), p.y())}; }
Gradients sin(const Pullback& p) { return {p.b.mul(p.g(), p.b.unary(Op::Cos, p.x()))}; }
Gradients cos(const Pullback& p) { return {p.b.neg(p.b.mul(p.g(), p.b.unary(Op::Sin, p.x())))}; }
Gradients tanh(const Pullback& p) { return {p.b.mul(p.g(), p.b.sub(number(p, 1), square(p.b, p.y())))}; }
Gradients erf(const Pullback& p) {
  Value bell = p.b.exp(p.b.neg(square(p.b, p.x())));
  return {p.b.mul(p.g(), p.b.mul(number(p, 2 / std::sqrt(M_PI)), bell))};
}
Gradients cast(const Pullback& p) { return {p.b.cast(p.g(), p.dtype())}; }

Gradients add(const Pullback& p) { return {p.g(), p.g()}; }
Gradients sub(const Pullback& p) { return {p.g(), p.wants(1) ? p.b.neg(p.g()) : Value{}}; }
Gradients mul(const Pullback& p) {
  return {p.wants(0) ? p.b.mul(p.g(), p.x(1)) : Value{}, p.wants(1) ? p.b.mul(p.g(), p.x(0)) : Value{}};
}
Gradients div(const Pullback& p) {
  Value quotient = p.b.div(p.g(), p.x(1));
  return {quotient, p.wants(1) ? p.b.neg(p.b.mul(quotient, p.y())) : Value{}};
}

// The loser gets nothing, equals share; a NaN on either side passes g to both, as it decides the result.
Value share(const Pullback& p, Value loses, Value ties) {
  Value half = p.b.mul(p.g(), number(p, 0.5));
  return p.b.select(loses, number(p, 0), p.b.select(ties, half, p.g()));
}
Gradients extremum(const Pullback& p, Value first_loses, Value second_loses) {
  Value ties = p.b.eq(p.x(0), p.x(1));
  return {p.wants(0) ? share(p, first_loses, ties) : Value{},
          p.wants(1) ? share(p, second_loses, ties) : Value{}};
}
Gradients max(const Pullback& p) { return extremum(p, p.b.lt(p.x(0), p.x(1)), p.b.lt(p.x(1), p.x(0))); }
Gradients min(const Pullback& p) { return extremum(p, p.b.lt(p.x(1), p.x(0)), p.b.lt(p.x(0), p.x(1))); }

// d a^b/da = b a^(b-1), 0 where b is 0; d/db = a^b log a, 0 where a is 0 and b >= 0. The operand is replaced
// before the singular function rather than its result after it, so that higher orders see no 0 * inf.
Gradients pow(const Pullback& p) {
  Builder& b = p.b;
  Value zero = number(p, 0), one = number(p, 1);
  Gradients out(2);
  if (p.wants(0)) {
    Value base = b.select(b.eq(p.x(1), zero), one, p.x(0));
    Value power = b.binary(Op::Pow, base, b.sub(p.x(1), one));
    out[0] = b.mul(p.g(), b.mul(p.x(1), power));
  }
  if (p.wants(1)) {
    Value flat = b.binary(Op::And, b.eq(p.x(0), zero), b.le(zero, p.x(1)));
    Value slope = b.log(b.select(flat, one, p.x(0)));
    out[1] = b.mul(p.g(), b.mul(p.y(), slope));
  }
  return out;
}

// Which operand it was. Of a bound from below, select(x <= k, k, x), the result tells: y <= k. That is kept for the way
// back more often than x is.
Value selected(const Pullback& p) {
  const Node& by = p.b.graph().node(p.x(0));
  bool bounds = by.op == Op::Le && by.operands[0] == p.x(2) && by.operands[1] == p.x(1);
  return bounds ? p.b.le(p.y(), p.x(1)) : p.x(0);
}

Gradients select(const Pullback& p) {
  Value zero = number(p, 0), first = selected(p);
  return {Value{}, p.wants(1) ? p.b.select(first, p.g(), zero) : Value{},
          p.wants(2) ? p.b.select(first, zero, p.g()) : Value{}};
}

Gradients missing(const Pullback& p) {
  throw Error(fmt::format("{} has no gradient rule: differentiate before regions are formed",
                          describe(p.b.graph(), p.id)));
}

}  // namespace
}  // namespace gradient

GradientRule gradient_rule(Op op) {
  namespace r = gradient;
  switch (op) {
    case Op::Input:
    case Op::Param:
    case Op::Constant:
    case Op::Iota:
    case Op::Extent:
    case Op::Random:
    case Op::Floor:
    case Op::IsFinite:
    case Op::Not:
    case Op::StopGradient:
    case Op::Lt:
    case Op::Le:
    case Op::Eq:
    case Op::Ne:
    case Op::And:
    case Op::Or:
    case Op::ArgMax:
    case Op::ArgMin:
      return nullptr;
    case Op::Neg:
      return r::neg;
    case Op::Abs:
      return r::abs;
    case Op::Exp:
      return r::exp;
    case Op::Expm1:
      return r::expm1;
    case Op::Log:
      return r::log;
    case Op::Log1p:
      return r::log1p;
    case Op::Sqrt:
      return r::sqrt;
    case Op::Sin:
      return r::sin;
    case Op::Cos:
      return r::cos;
    case Op::Tanh:
      return r::tanh;
    case Op::Erf:
      return r::erf;
    case Op::Cast:
      return r::cast;
    case Op::Barrier:
      return r::identity;
    case Op::Add:
      return r::add;
    case Op::Sub:
      return r::sub;
    case Op::Mul:
      return r::mul;
    case Op::Div:
      return r::div;
    case Op::Max:
      return r::max;
    case Op::Min:
      return r::min;
    case Op::Pow:
      return r::pow;
    case Op::Select:
      return r::select;
    case Op::Reshape:
      return r::reshape;
    case Op::Permute:
      return r::permute;
    case Op::Broadcast:
      return r::broadcast;
    case Op::Slice:
      return r::slice;
    case Op::Pad:
      return r::pad;
    case Op::Concat:
      return r::concat;
    case Op::Reverse:
      return r::reverse;
    case Op::Window:
      return r::window;
    case Op::Unwindow:
      return r::unwindow;
    case Op::Gather:
      return r::gather;
    case Op::ScatterAdd:
      return r::scatter_add;
    case Op::Reduce:
      return r::reduce;
    case Op::Dot:
      return r::dot;
    case Op::Scan:
      return r::scan;
    case Op::Region:
      return r::missing;
  }
  return nullptr;
}

}  // namespace nnc
