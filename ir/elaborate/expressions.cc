// Expressions without calls: names, literals, arithmetic on numbers, on tensors, and on both.
#include <cmath>

#include <fmt/format.h>

#include "ir/composites/movement.h"
#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr int64_t kMaxRank = 32;

Val number_of(const ast::Number& n) {
  if (n.is_int) return {Dim(n.integer), {}};
  return {n.value, {}};
}

Val arithmetic(ast::BinaryOp op, const Val& a, const Val& b) {
  using enum ast::BinaryOp;
  switch (op) {
    case Add:
      return add_numbers(a, b);
    case Sub:
      return subtract_numbers(a, b);
    case Mul:
      return multiply_numbers(a, b);
    case Div:
      return divide_numbers(a, b);
    case Pow:
      return power_of_numbers(a, b);
    case Eq:
      return {real_of(a) == real_of(b), {}};
    case Ne:
      return {real_of(a) != real_of(b), {}};
    case Lt:
      return {real_of(a) < real_of(b), {}};
    case Le:
      return {real_of(a) <= real_of(b), {}};
    case Gt:
      return {real_of(a) > real_of(b), {}};
    case Ge:
      return {real_of(a) >= real_of(b), {}};
    case And:
    case Or:
      break;
  }
  throw Error(fmt::format("'{}' takes truth values, not numbers", ast::text_of(op)));
}

Value elementwise(Builder& b, ast::BinaryOp op, Value x, Value y) {
  using enum ast::BinaryOp;
  switch (op) {
    case Add:
      return b.add(x, y);
    case Sub:
      return b.sub(x, y);
    case Mul:
      return b.mul(x, y);
    case Div:
      return b.div(x, y);
    case Pow:
      return b.binary(Op::Pow, x, y);
    case Eq:
      return b.eq(x, y);
    case Ne:
      return b.binary(Op::Ne, x, y);
    case Lt:
      return b.lt(x, y);
    case Le:
      return b.le(x, y);
    case Gt:
      return b.lt(y, x);
    case Ge:
      return b.le(y, x);
    case And:
      return b.binary(Op::And, x, y);
    case Or:
      return b.binary(Op::Or, x, y);
  }
  return x;
}

}  // namespace

Val Elaborator::eval(const ast::Expr& e) {
  if (++work_ > kMaxWork) abandon(e.loc, fmt::format("the model has more than {} operations", kMaxWork));
  if (++depth_ > kMaxDepth) abandon(e.loc, "the model nests too deeply");
  Loc outside = net_.b().loc();
  net_.set_loc(e.loc);
  Val out = poison(e.loc);
  try {
    out = eval_node(e);
  } catch (const Error& error) {
    fail("invalid", e.loc, error, {});
  }
  if (e.as<ast::Ref>() == nullptr) out.loc = e.loc;  // a name stands for the place it was given
  net_.set_loc(outside);
  --depth_;
  return out;
}

Val Elaborator::eval_node(const ast::Expr& e) {
  return std::visit(Overloaded{
                        [&](const ast::Number& n) { return number_of(n); },
                        [&](const ast::String& s) {
                          return Val{s.text, e.loc};
                        },
                        [&](const ast::Bool& b) {
                          return Val{b.value, e.loc};
                        },
                        [&](const ast::Ref& r) { return eval_ref(r, e.loc); },
                        [&](const ast::Call& c) { return eval_call(c, e.loc); },
                        [&](const ast::Index& i) { return eval_index(i, e.loc); },
                        [&](const ast::Unary& u) { return eval_unary(u, e.loc); },
                        [&](const ast::Binary& b) { return eval_binary(b); },
                        [&](const ast::List& l) { return eval_items(l.items); },
                        [&](const ast::Tuple& t) { return eval_items(t.items); },
                    },
                    e.node);
}

const Val* Elaborator::lookup(const std::string& name) const {
  for (size_t i = env_.size(); i-- > 0;) {
    if (auto it = env_[i].names.find(name); it != env_[i].names.end()) return &it->second;
    if (env_[i].opaque) break;
  }
  return nullptr;
}

std::vector<std::string> Elaborator::visible_names() const {
  std::vector<std::string> out;
  for (size_t i = env_.size(); i-- > 0;) {
    for (const auto& [name, val] : env_[i].names) out.push_back(name);
    if (env_[i].opaque) break;
  }
  return out;
}

Val Elaborator::eval_ref(const ast::Ref& ref, Loc loc) {
  if (const Val* found = lookup(ref.name)) return *found;
  if (std::optional<DType> type = dtype_from_name(ref.name)) return {*type, loc};
  bool function = find_layer(ref.name) != nullptr || declarations_.blocks.count(ref.name) > 0;
  Diagnostic& d = diag_.error("unknown-name", loc, fmt::format("'{}' is not defined here", ref.name));
  if (function)
    d.with_help(fmt::format("'{}' is a function: call it with its arguments", ref.name));
  else if (ref.name.size() > 1)
    d.suggest(ref.name, visible_names());
  return poison(loc);
}

Val Elaborator::eval_items(const std::vector<ast::ExprPtr>& items) {
  Many out;
  for (const ast::ExprPtr& item : items) out.items.push_back(eval(*item));
  return {std::move(out), {}};
}

Val Elaborator::eval_unary(const ast::Unary& u, Loc loc) {
  Val x = eval(*u.operand);
  if (x.poisoned()) return poison(loc);
  bool negate = u.op == ast::UnaryOp::Neg;
  if (negate && x.is_number()) return multiply_numbers({Dim(-1), {}}, x);
  if (!negate && x.as<bool>()) return {!*x.as<bool>(), loc};
  try {
    return result(net_.b().unary(negate ? Op::Neg : Op::Not, tensor(x, DType::F32)), loc);
  } catch (const Error& e) {
    return fail("type", loc, e, {x});
  }
}

Val Elaborator::eval_binary(const ast::Binary& e) {
  Val a = eval(*e.lhs), b = eval(*e.rhs);
  if (a.poisoned() || b.poisoned()) return poison(e.op_loc);
  try {
    if (a.is_number() && b.is_number()) return arithmetic(e.op, a, b);
    if (a.as<TensorVal>() || b.as<TensorVal>()) return binary_on_tensors(e, a, b);
  } catch (const Error& error) {
    return fail("type", e.op_loc, error, {a, b});
  }
  if (a.as<bool>() && b.as<bool>()) {
    if (e.op == ast::BinaryOp::And) return {*a.as<bool>() && *b.as<bool>(), {}};
    if (e.op == ast::BinaryOp::Or) return {*a.as<bool>() || *b.as<bool>(), {}};
  }
  diag_.error("type", e.op_loc,
              fmt::format("'{}' does not apply to {} and {}", ast::text_of(e.op), describe(a), describe(b)));
  return poison(e.op_loc);
}

// A number takes the type of the tensor beside it.
Val Elaborator::binary_on_tensors(const ast::Binary& e, const Val& a, const Val& b) {
  Type ta = a.as<TensorVal>() ? type_of(a) : Type(), tb = b.as<TensorVal>() ? type_of(b) : Type();
  if (a.as<TensorVal>() && b.as<TensorVal>() && ta.dtype != tb.dtype) {
    throw Error(fmt::format("'{}' needs one element type, not {} and {}: cast one of them",
                            ast::text_of(e.op), ta.str(), tb.str()));
  }
  DType type = a.as<TensorVal>() ? ta.dtype : tb.dtype;
  if (e.op == ast::BinaryOp::Pow && b.is_number()) return result(power(tensor(a, type), b), e.op_loc);
  try {
    return result(elementwise(net_.b(), e.op, tensor(a, type), tensor(b, type)), e.op_loc);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}': {}", ast::text_of(e.op), error.what()));
  }
}

// Small whole powers are products, which are exact for negative bases and cheap.
Value Elaborator::power(Value base, const Val& exponent) {
  Builder& b = net_.b();
  if (const Dim* whole = exponent.as<Dim>(); whole && whole->is_constant()) {
    int64_t n = whole->value();
    Value square = n >= 2 && n <= 4 ? b.mul(base, base) : base;
    if (n == 1 || n == 2) return square;
    if (n == 3) return b.mul(square, base);
    if (n == 4) return b.mul(square, square);
  }
  if (const double* real = exponent.as<double>(); real && *real == 0.5) return b.sqrt(base);
  return b.binary(Op::Pow, base, tensor(exponent, b.dtype(base)));
}

Value Elaborator::tensor(const Val& v, DType number_type) {
  Builder& b = net_.b();
  if (const TensorVal* t = v.as<TensorVal>()) return net_.import(t->value, t->depth);
  if (const bool* flag = v.as<bool>()) return b.constant(Literal::from_int(DType::Bool, *flag));
  if (const Dim* d = v.as<Dim>(); d && !d->is_constant()) return b.cast(b.extent(*d), number_type);
  if (v.poisoned()) throw PoisonUsed();
  if (is_vector(v)) {
    std::vector<Value> items;
    for (const Val& item : v.as<Many>()->items) items.push_back(tensor(item, number_type));
    return stack(b, items, 0);
  }
  if (!v.is_number()) throw Error(fmt::format("{} is not a tensor", describe(v)));
  double number = real_of(v);
  Literal literal = Literal::from_double(number_type, number);
  if (!is_float(number_type) && literal.as_double() != number) {
    throw Error(fmt::format("{} is not a value of {}", number, name_of(number_type)));
  }
  return b.constant(literal);
}

Type Elaborator::type_of(const Val& v) { return net_.b().type(tensor(v, DType::F32)); }

Val Elaborator::result(Value v, Loc loc) {
  const Type& type = net_.b().type(v);
  if (type.rank() > kMaxRank)
    throw Error(fmt::format("a tensor of {} axes is more than {}", type.rank(), kMaxRank));
  for (const Dim& d : type.shape) checked_dim(d);
  return {TensorVal{v, net_.depth()}, loc};
}

std::string Elaborator::describe(const Val& v) {
  return std::visit(Overloaded{
                        [](const Poison&) { return std::string("an error"); },
                        [&](const TensorVal&) { return "a tensor " + type_of(v).str(); },
                        [](const Dim& d) { return "the number " + d.str(); },
                        [](double x) { return fmt::format("the number {}", x); },
                        [](bool x) { return std::string(x ? "true" : "false"); },
                        [](const std::string& s) { return "the text " + json_quote(s); },
                        [](DType t) { return fmt::format("the type {}", name_of(t)); },
                        [](const Init& i) { return "the initialiser " + i.name; },
                        [](const Many& m) { return fmt::format("a list of {}", m.items.size()); },
                    },
                    v.v);
}

Val Elaborator::fail(DiagnosticCode code, Loc loc, const Error& e, const std::vector<Val>& operands) {
  if (dynamic_cast<const PoisonUsed*>(&e)) return poison(loc);
  Diagnostic& d = diag_.error(code, loc, e);
  for (const Val& v : operands) {
    if (v.as<TensorVal>() && v.loc != loc && v.loc.line > 0) d.note(v.loc, "this is " + type_of(v).str());
  }
  return poison(loc);
}

void Elaborator::abandon(Loc loc, const std::string& message) {
  diag_.error("too-large", loc, message);
  throw Abandon{};
}

void Elaborator::introduce_symbols(const ast::Expr& e) {
  if (const ast::Ref* ref = e.as<ast::Ref>(); ref && lookup(ref->name) == nullptr) {
    size_t base = env_.size() - 1;
    while (!env_[base].opaque) --base;
    env_[base].names[ref->name] = {Dim::symbol(ref->name), e.loc};
  }
  if (const ast::Binary* b = e.as<ast::Binary>()) {
    introduce_symbols(*b->lhs);
    introduce_symbols(*b->rhs);
  }
}

std::optional<Dim> Elaborator::eval_dim(const ast::Expr& e) {
  Val v = eval(e);
  if (v.poisoned()) return std::nullopt;
  const Dim* d = v.as<Dim>();
  if (d && !(d->is_constant() && d->value() < 0)) return *d;
  diag_.error("size", e.loc, fmt::format("a size is a whole number or a symbol, not {}", describe(v)));
  return std::nullopt;
}

std::optional<Type> Elaborator::eval_type(const ast::TypeExpr& t, bool introduce) {
  Type out{t.dtype, {}};
  bool known = true;
  for (const ast::ExprPtr& e : t.dims) {
    if (introduce) introduce_symbols(*e);
    std::optional<Dim> d = eval_dim(*e);
    known = known && d.has_value();
    if (d) out.shape.push_back(*d);
  }
  return known ? std::optional(out) : std::nullopt;
}

}  // namespace nnc
