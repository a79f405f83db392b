// Rules of elementwise ops.
#include "passes/simplify.h"
#include "passes/simplify_match.h"

namespace nnc {
namespace {

using Values = std::vector<Value>;

Value input(Builder& b, const char* name, DType t) { return b.input(name, {t, {3, 5}}); }
Value number(Builder& b, DType t, double v) { return b.scalar(t, v); }

// ---- identities

// The value that leaves every x as it is under +: x + 0 turns -0 into +0, x + -0 does not.
double additive_identity(DType t) { return is_float(t) ? -0.0 : 0.0; }

Value add_zero(Builder& b, const Node& n) {
  double zero = additive_identity(n.results[0].dtype);
  if (is_splat(b, n.operands[1], zero)) return n.operands[0];
  if (is_splat(b, n.operands[0], zero)) return n.operands[1];
  return {};
}
Values add_zero_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), i = input(b, "i", DType::I32);
  return {b.add(x, number(b, DType::F32, -0.0)), b.add(number(b, DType::I32, 0), i)};
}

Value sub_zero(Builder& b, const Node& n) { return is_splat(b, n.operands[1], 0) ? n.operands[0] : Value{}; }
Values sub_zero_examples(Builder& b) {
  Value x = input(b, "x", DType::F64), i = input(b, "i", DType::U8);
  return {b.sub(x, number(b, DType::F64, 0)), b.sub(i, number(b, DType::U8, 0))};
}

Value mul_one(Builder& b, const Node& n) {
  if (is_splat(b, n.operands[1], 1)) return n.operands[0];
  if (is_splat(b, n.operands[0], 1)) return n.operands[1];
  return {};
}
Values mul_one_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), i = input(b, "i", DType::I64);
  return {b.mul(x, number(b, DType::F32, 1)), b.mul(number(b, DType::I64, 1), i)};
}

Value second_is_one(Builder& b, const Node& n) {
  return is_splat(b, n.operands[1], 1) ? n.operands[0] : Value{};
}
Values div_one_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), i = input(b, "i", DType::I32);
  return {b.div(x, number(b, DType::F32, 1)), b.div(i, number(b, DType::I32, 1))};
}
Values pow_one_examples(Builder& b) {
  return {b.binary(Op::Pow, input(b, "x", DType::F64), number(b, DType::F64, 1))};
}

// Of floats 0 * NaN is NaN and 0 * -1 is -0.
Value integer_mul_zero(Builder& b, const Node& n) {
  if (is_float(n.results[0].dtype)) return {};
  for (Value v : n.operands) {
    if (is_splat(b, v, 0)) return v;
  }
  return {};
}
Values integer_mul_zero_examples(Builder& b) {
  return {b.mul(input(b, "i", DType::I32), number(b, DType::I32, 0))};
}

// ---- signs

Value double_neg(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Neg);
  return inner ? inner->operands[0] : Value{};
}
Values double_neg_examples(Builder& b) {
  return {b.neg(b.neg(input(b, "x", DType::F32))), b.neg(b.neg(input(b, "i", DType::I32)))};
}

Value add_neg(Builder& b, const Node& n) {
  if (const Node* neg = match(b, n.operands[1], Op::Neg)) return b.sub(n.operands[0], neg->operands[0]);
  if (const Node* neg = match(b, n.operands[0], Op::Neg)) return b.sub(n.operands[1], neg->operands[0]);
  return {};
}
Values add_neg_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), y = input(b, "y", DType::F32);
  return {b.add(x, b.neg(y)), b.add(b.neg(y), x)};
}

Value sub_neg(Builder& b, const Node& n) {
  const Node* neg = match(b, n.operands[1], Op::Neg);
  return neg ? b.add(n.operands[0], neg->operands[0]) : Value{};
}
Values sub_neg_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), y = input(b, "y", DType::F32);
  return {b.sub(x, b.neg(y))};
}

// ---- casts

// Every value of `from` is a value of `to`.
bool is_exact(DType from, DType to) {
  if (from == to || from == DType::Bool || to == DType::F64) return from != DType::I64 || to == DType::I64;
  switch (from) {
    case DType::BF16:
      return to == DType::F32;
    case DType::I32:
      return to == DType::I64;
    case DType::U8:
      return to != DType::Bool;
    case DType::F32:
    case DType::F64:
    case DType::I64:
    case DType::Bool:
      return false;
  }
  return false;
}

// Integers wrap into narrower integers, but floats saturate: the detour through a float must stay.
Value cast_cast(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Cast);
  if (!inner) return {};
  Value x = inner->operands[0];
  DType from = b.dtype(x), over = inner->results[0].dtype, to = n.results[0].dtype;
  bool saturates = is_integer(from) && is_float(over) && is_integer(to);
  return is_exact(from, over) && !saturates ? b.cast(x, to) : Value{};
}
Values cast_cast_examples(Builder& b) {
  Values out;
  auto through = [&](Value x, DType over, DType to) { out.push_back(b.cast(b.cast(x, over), to)); };
  through(input(b, "x", DType::F32), DType::F64, DType::F32);
  through(input(b, "x", DType::F32), DType::F64, DType::I32);
  through(input(b, "h", DType::BF16), DType::F32, DType::F64);
  through(input(b, "i", DType::I32), DType::I64, DType::U8);
  through(input(b, "i", DType::I32), DType::F64, DType::F32);
  through(input(b, "u", DType::U8), DType::I32, DType::F32);
  through(input(b, "p", DType::Bool), DType::F32, DType::I32);
  return out;
}

// ---- logic and select

Value double_not(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Not);
  return inner ? inner->operands[0] : Value{};
}
Values double_not_examples(Builder& b) {
  return {b.unary(Op::Not, b.unary(Op::Not, input(b, "p", DType::Bool)))};
}

// and: true is neutral and false decides; or: the other way round.
Value logic_constant(Builder& b, const Node& n) {
  bool neutral = n.op == Op::And;
  for (size_t i : {0, 1}) {
    std::optional<Literal> known = splat(b, n.operands[i]);
    if (known) return (known->bits != 0) == neutral ? n.operands[1 - i] : n.operands[i];
  }
  return n.operands[0] == n.operands[1] ? n.operands[0] : Value{};
}
Values logic_examples(Builder& b, Op op) {
  Value p = input(b, "p", DType::Bool), yes = number(b, DType::Bool, 1), no = number(b, DType::Bool, 0);
  return {b.binary(op, p, yes), b.binary(op, no, p), b.binary(op, p, p)};
}
Values and_examples(Builder& b) { return logic_examples(b, Op::And); }
Values or_examples(Builder& b) { return logic_examples(b, Op::Or); }

Value select_known(Builder& b, const Node& n) {
  if (std::optional<Literal> c = splat(b, n.operands[0])) return n.operands[c->bits ? 1 : 2];
  return n.operands[1] == n.operands[2] ? n.operands[1] : Value{};
}
Values select_known_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), y = input(b, "y", DType::F32), p = input(b, "p", DType::Bool);
  return {b.select(number(b, DType::Bool, 1), x, y), b.select(number(b, DType::Bool, 0), x, y),
          b.select(p, x, x)};
}

Value select_not(Builder& b, const Node& n) {
  const Node* inner = match(b, n.operands[0], Op::Not);
  return inner ? b.select(inner->operands[0], n.operands[2], n.operands[1]) : Value{};
}
Values select_not_examples(Builder& b) {
  Value x = input(b, "x", DType::F32), y = input(b, "y", DType::F32), p = input(b, "p", DType::Bool);
  return {b.select(b.unary(Op::Not, p), x, y)};
}

// ---- repeated operands

// The operand before the broadcast that repeats it as `like` repeats its own.
Value unrepeated(Builder& b, Value v, const BroadcastAttrs& like, const Shape& shape) {
  const Node* n = match(b, v, Op::Broadcast);
  if (!n) return {};
  if (n->as<BroadcastAttrs>().axes == like.axes) return n->operands[0];
  return n->as<BroadcastAttrs>().axes.empty() ? b.broadcast_to(n->operands[0], shape) : Value{};
}

Value elementwise_of_broadcasts(Builder& b, const Node& n) {
  BroadcastAttrs widest;
  Shape shape;
  bool found = false;
  for (Value v : n.operands) {
    const Node* operand = match(b, v, Op::Broadcast);
    if (!operand) return {};
    const auto& a = operand->as<BroadcastAttrs>();
    if (found && a.axes.size() <= widest.axes.size()) continue;
    widest = a;
    shape = b.shape(operand->operands[0]);
    found = true;
  }
  Values operands;
  for (Value v : n.operands) {
    operands.push_back(unrepeated(b, v, widest, shape));
    if (!operands.back().valid()) return {};
  }
  return b.broadcast(b.add_one(n.op, n.attrs, operands), widest.shape, widest.axes);
}
Value repeated(Builder& b, const char* name) {
  return b.broadcast(b.input(name, {DType::F32, {4}}), {3, 4}, {1});
}
Value repeated_scalar(Builder& b, const char* name) {
  return b.broadcast(b.input(name, {DType::F32, {}}), {3, 4}, {});
}
template <Op op>
Values broadcast_examples(Builder& b) {
  Value x = repeated(b, "x"), y = repeated(b, "y"), s = repeated_scalar(b, "s"), t = repeated_scalar(b, "t");
  if (info(op).arity == 1)
    return {b.add_one(op, default_attrs(op), {x}), b.add_one(op, default_attrs(op), {s})};
  return {b.add_one(op, default_attrs(op), {x, y}), b.add_one(op, default_attrs(op), {x, s}),
          b.add_one(op, default_attrs(op), {s, t})};
}
Values select_broadcast_examples(Builder& b) {
  return {b.select(b.broadcast(b.input("p", {DType::Bool, {4}}), {3, 4}, {1}), repeated(b, "x"),
                   repeated_scalar(b, "s"))};
}

constexpr std::string_view kRepeatLaw = "f(broadcast x, broadcast y) = broadcast f(x, y)";
template <Op op>
constexpr Rule repeat_rule(std::string_view name) {
  return {name, kRepeatLaw, op, elementwise_of_broadcasts, broadcast_examples<op>};
}

constexpr Rule kRules[] = {
    {"add_zero", "x + 0 = x for integers; x + -0 = x for floats", Op::Add, add_zero, add_zero_examples},
    {"sub_zero", "x - 0 = x", Op::Sub, sub_zero, sub_zero_examples},
    {"mul_one", "x * 1 = x", Op::Mul, mul_one, mul_one_examples},
    {"div_one", "x / 1 = x", Op::Div, second_is_one, div_one_examples},
    {"pow_one", "x ^ 1 = x", Op::Pow, second_is_one, pow_one_examples},
    {"integer_mul_zero", "x * 0 = 0 for integers", Op::Mul, integer_mul_zero, integer_mul_zero_examples},
    {"double_neg", "-(-x) = x", Op::Neg, double_neg, double_neg_examples},
    {"add_neg", "x + (-y) = x - y", Op::Add, add_neg, add_neg_examples},
    {"sub_neg", "x - (-y) = x + y", Op::Sub, sub_neg, sub_neg_examples},
    {"cast_cast", "cast(cast(x, T), U) = cast(x, U) where T holds every value of x", Op::Cast, cast_cast,
     cast_cast_examples},
    {"double_not", "not(not p) = p", Op::Not, double_not, double_not_examples},
    {"and_constant", "p and true = p, p and false = false, p and p = p", Op::And, logic_constant,
     and_examples},
    {"or_constant", "p or false = p, p or true = true, p or p = p", Op::Or, logic_constant, or_examples},
    {"select_known", "select(true, x, y) = x, select(false, x, y) = y, select(p, x, x) = x", Op::Select,
     select_known, select_known_examples},
    {"select_not", "select(not p, x, y) = select(p, y, x)", Op::Select, select_not, select_not_examples},
    {"select_of_broadcasts", kRepeatLaw, Op::Select, elementwise_of_broadcasts, select_broadcast_examples},
    repeat_rule<Op::Neg>("neg_of_broadcast"),
    repeat_rule<Op::Abs>("abs_of_broadcast"),
    repeat_rule<Op::Exp>("exp_of_broadcast"),
    repeat_rule<Op::Log>("log_of_broadcast"),
    repeat_rule<Op::Sqrt>("sqrt_of_broadcast"),
    repeat_rule<Op::Tanh>("tanh_of_broadcast"),
    repeat_rule<Op::Cast>("cast_of_broadcast"),
    repeat_rule<Op::Add>("add_of_broadcasts"),
    repeat_rule<Op::Sub>("sub_of_broadcasts"),
    repeat_rule<Op::Mul>("mul_of_broadcasts"),
    repeat_rule<Op::Div>("div_of_broadcasts"),
    repeat_rule<Op::Max>("max_of_broadcasts"),
    repeat_rule<Op::Min>("min_of_broadcasts"),
    repeat_rule<Op::Lt>("lt_of_broadcasts"),
    repeat_rule<Op::Eq>("eq_of_broadcasts"),
};

}  // namespace

std::span<const Rule> elementwise_simplifications() { return kRules; }

}  // namespace nnc
