#include "codegen/monoid.h"

#include <limits>

namespace nnc {

using loop::Builder;
using loop::Val;

namespace {

Literal lowest(DType t) {
  switch (t) {
    case DType::F32:
    case DType::F64:
    case DType::BF16:
      return Literal::from_double(t, -std::numeric_limits<double>::infinity());
    case DType::I32:
      return Literal::from_int(t, std::numeric_limits<int32_t>::min());
    case DType::I64:
      return Literal::from_int(t, std::numeric_limits<int64_t>::min());
    case DType::U8:
    case DType::Bool:
      return Literal::from_int(t, 0);
  }
  return {};
}

Literal highest(DType t) {
  switch (t) {
    case DType::F32:
    case DType::F64:
    case DType::BF16:
      return Literal::from_double(t, std::numeric_limits<double>::infinity());
    case DType::I32:
      return Literal::from_int(t, std::numeric_limits<int32_t>::max());
    case DType::I64:
      return Literal::from_int(t, std::numeric_limits<int64_t>::max());
    case DType::U8:
      return Literal::from_int(t, 255);
    case DType::Bool:
      return Literal::from_int(t, 1);
  }
  return {};
}

constexpr int64_t kNoIndex = std::numeric_limits<int32_t>::max();

std::vector<Literal> identity_literals(const FoldRule& rule) {
  DType t = rule.dtype;
  Literal zero = Literal::from_int(t, 0), none = Literal::from_int(DType::I32, kNoIndex);
  if (rule.kind == FoldRule::Kind::ArgMax) return {lowest(t), none};
  if (rule.kind == FoldRule::Kind::ArgMin) return {highest(t), none};
  switch (rule.monoid) {
    case Monoid::Add:
      return {zero};
    case Monoid::Mul:
      return {Literal::from_int(t, 1)};
    case Monoid::Max:
      return {lowest(t)};
    case Monoid::Min:
      return {highest(t)};
    case Monoid::MaxSumExp:
      return {lowest(t), zero};
    case Monoid::Moments:
      return {zero, zero, zero};
  }
  return {};
}

// e^(m - maximum), 1 where they are equal: infinities included.
Val rescale(Builder& b, Val m, Val maximum) {
  Val one = b.immediate(Literal::from_int(b.type(m).dtype, 1));
  return b.select(b.apply(Op::Eq, {m, maximum}), one, b.apply(Op::Exp, {b.sub(m, maximum)}));
}

FoldState merge_max_sum_exp(Builder& b, const FoldState& x, const FoldState& y) {
  Val m = b.apply(Op::Max, {x[0], y[0]});
  return {m, b.add(b.mul(x[1], rescale(b, x[0], m)), b.mul(y[1], rescale(b, y[0], m)))};
}

// Chan, Golub and LeVeque's update, exact where one side is empty.
FoldState merge_moments(Builder& b, const FoldState& x, const FoldState& y) {
  Val zero = b.immediate(Literal::from_int(b.type(x[0]).dtype, 0));
  Val n = b.add(x[2], y[2]), delta = b.sub(y[0], x[0]);
  Val mean = b.add(x[0], b.mul(delta, b.apply(Op::Div, {y[2], n})));
  Val spread = b.mul(b.mul(delta, delta), b.apply(Op::Div, {b.mul(x[2], y[2]), n}));
  FoldState merged = {mean, b.add(b.add(x[1], y[1]), spread), n};
  Val no_x = b.apply(Op::Eq, {x[2], zero}), no_y = b.apply(Op::Eq, {y[2], zero});
  for (int i = 0; i < 3; ++i) merged[i] = b.select(no_x, y[i], b.select(no_y, x[i], merged[i]));
  return merged;
}

// y is taken where it is better, or as good and earlier; a NaN is better than any number.
FoldState merge_arg(Builder& b, const FoldRule& rule, const FoldState& x, const FoldState& y) {
  bool max = rule.kind == FoldRule::Kind::ArgMax;
  Val better = max ? b.lt(x[0], y[0]) : b.lt(y[0], x[0]);
  Val same = b.apply(Op::Eq, {x[0], y[0]});
  if (is_float(rule.dtype)) {
    Val x_nan = b.apply(Op::Ne, {x[0], x[0]}), y_nan = b.apply(Op::Ne, {y[0], y[0]});
    better = b.apply(Op::Or, {better, b.apply(Op::And, {y_nan, b.apply(Op::Not, {x_nan})})});
    same = b.apply(Op::Or, {same, b.apply(Op::And, {x_nan, y_nan})});
  }
  Val take = b.apply(Op::Or, {better, b.apply(Op::And, {same, b.lt(y[1], x[1])})});
  return {b.select(take, y[0], x[0]), b.select(take, y[1], x[1])};
}

Op op_of(Monoid monoid) {
  switch (monoid) {
    case Monoid::Add:
      return Op::Add;
    case Monoid::Mul:
      return Op::Mul;
    case Monoid::Max:
      return Op::Max;
    case Monoid::Min:
      return Op::Min;
    case Monoid::MaxSumExp:
    case Monoid::Moments:
      break;
  }
  return Op::Add;
}

}  // namespace

int FoldRule::width() const {
  if (kind != Kind::Monoid) return 2;
  switch (monoid) {
    case Monoid::Add:
    case Monoid::Mul:
    case Monoid::Max:
    case Monoid::Min:
      return 1;
    case Monoid::MaxSumExp:
      return 2;
    case Monoid::Moments:
      return 3;
  }
  return 1;
}

std::vector<DType> FoldRule::types() const {
  if (kind != Kind::Monoid) return {dtype, DType::I32};
  return std::vector<DType>(width(), dtype);
}

int fold_group(const Node& node) {
  if (node.op != Op::Reduce) return 1;
  return FoldRule{.monoid = node.as<ReduceAttrs>().monoid}.width();
}

FoldRule fold_rule(const Graph& graph, const Node& node, int group) {
  FoldRule rule;
  if (node.op == Op::ArgMax)
    rule.kind = FoldRule::Kind::ArgMax;
  else if (node.op == Op::ArgMin)
    rule.kind = FoldRule::Kind::ArgMin;
  else
    rule.monoid = node.as<ReduceAttrs>().monoid;
  rule.dtype = graph.type(node.operands[static_cast<size_t>(group * fold_group(node))]).dtype;
  return rule;
}

bool is_fold(Op op) { return info(op).op_class == OpClass::Reduce; }

std::vector<int64_t> fold_axes(const Node& node) {
  return node.op == Op::Reduce ? node.as<ReduceAttrs>().axes
                               : std::vector<int64_t>{node.as<AxisAttrs>().axis};
}

FoldState fold_identity(Builder& b, const FoldRule& rule, int lanes) {
  FoldState out;
  for (const Literal& l : identity_literals(rule)) out.push_back(b.broadcast(b.immediate(l), lanes));
  return out;
}

FoldState fold_element(Builder&, const FoldRule& rule, std::vector<Val> operands, Val index) {
  if (rule.kind != FoldRule::Kind::Monoid) operands.push_back(index);
  return operands;
}

FoldState fold_merge(Builder& b, const FoldRule& rule, const FoldState& a, const FoldState& x) {
  if (rule.kind != FoldRule::Kind::Monoid) return merge_arg(b, rule, a, x);
  if (rule.monoid == Monoid::MaxSumExp) return merge_max_sum_exp(b, a, x);
  if (rule.monoid == Monoid::Moments) return merge_moments(b, a, x);
  return {b.apply(op_of(rule.monoid), {a[0], x[0]})};
}

FoldState fold_lanes(Builder& b, const FoldRule& rule, FoldState state) {
  int lanes = b.type(state[0]).lanes;
  if (rule.width() == 1) return {b.reduce_lanes(op_of(rule.monoid), state[0])};
  for (; lanes > 1; lanes /= 2) {
    FoldState low, high;
    for (Val v : state) {
      std::vector<int> first, second;
      for (int i = 0; i < lanes / 2; ++i) first.push_back(i), second.push_back(lanes / 2 + i);
      low.push_back(lanes == 2 ? b.extract(v, 0) : b.shuffle(v, v, first));
      high.push_back(lanes == 2 ? b.extract(v, 1) : b.shuffle(v, v, second));
    }
    state = fold_merge(b, rule, low, high);
  }
  return state;
}

std::vector<Val> fold_results(Builder& b, const FoldRule& rule, const FoldState& state) {
  if (rule.kind == FoldRule::Kind::Monoid) return state;
  Val none = b.immediate(Literal::from_int(DType::I32, kNoIndex));
  return {
      b.select(b.apply(Op::Eq, {state[1], none}), b.immediate(Literal::from_int(DType::I32, 0)), state[1])};
}

FoldState fold_where(Builder& b, const FoldRule& rule, Val mask, const FoldState& state) {
  FoldState out = fold_identity(b, rule, 1);
  for (size_t i = 0; i < out.size(); ++i) out[i] = b.select(mask, state[i], out[i]);
  return out;
}

}  // namespace nnc
