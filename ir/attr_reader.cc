#include "ir/attr_reader.h"

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

using ast::Expr;

[[noreturn]] void wrong(const Expr& e, std::string message) {
  throw Wrong{e.loc, std::move(message), "", {}};
}

std::string ref_name(const Expr& e, const char* what) {
  const auto* ref = e.as<ast::Ref>();
  if (!ref) wrong(e, fmt::format("expected {}", what));
  return ref->name;
}

Dim read_dim(const Expr& e) {
  if (const auto* n = e.as<ast::Number>(); n && n->is_int) return n->integer;
  if (const auto* ref = e.as<ast::Ref>()) return Dim::symbol(ref->name);
  if (const auto* u = e.as<ast::Unary>(); u && u->op == ast::UnaryOp::Neg)
    return Dim(0) - read_dim(*u->operand);
  if (const auto* b = e.as<ast::Binary>()) {
    if (b->op == ast::BinaryOp::Add) return read_dim(*b->lhs) + read_dim(*b->rhs);
    if (b->op == ast::BinaryOp::Sub) return read_dim(*b->lhs) - read_dim(*b->rhs);
    if (b->op == ast::BinaryOp::Mul) return read_dim(*b->lhs) * read_dim(*b->rhs);
  }
  wrong(e, "expected a dimension: integers and symbols joined by +, - and *");
}

template <class E>
void read_enum(E& out, const Expr& e) {
  std::string name = ref_name(e, "a name");
  std::vector<std::string> known(std::begin(EnumNames<E>::values), std::end(EnumNames<E>::values));
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] == name) return out = static_cast<E>(i), void();
  }
  throw Wrong{e.loc, fmt::format("'{}' is none of {}", name, fmt::join(known, ", ")), name, known};
}

template <class T>
void read_list(std::vector<T>& out, const Expr& e) {
  const auto* list = e.as<ast::List>();
  if (!list) wrong(e, "expected a list in brackets");
  out.clear();
  for (const ast::ExprPtr& item : list->items) read(out.emplace_back(), *item);
}

Literal literal_of(DType dtype, const Expr& e) {
  if (const auto* b = e.as<ast::Bool>(); b && dtype == DType::Bool) return Literal::from_int(dtype, b->value);
  const auto* n = e.as<ast::Number>();
  if (!n || dtype == DType::Bool) wrong(e, fmt::format("expected a constant of type {}", name_of(dtype)));
  if (is_float(dtype)) return Literal::from_double(dtype, n->value);
  Literal out = Literal::from_int(dtype, n->integer);
  if (!n->is_int || out.as_int() != n->integer) wrong(e, fmt::format("this does not fit {}", name_of(dtype)));
  return out;
}

// The bits of a float, where a NaN is not the usual one; those of an f64 as a signed number.
Literal literal_of_bits(DType dtype, const Expr& e) {
  int64_t bits = 0;
  read(bits, e);
  bool fits = size_of(dtype) == 8 || (bits >= 0 && bits >> (8 * size_of(dtype)) == 0);
  if (!is_float(dtype) || !fits) wrong(e, fmt::format("these are not the bits of an {}", name_of(dtype)));
  return {dtype, static_cast<uint64_t>(bits)};
}

}  // namespace

void read(int64_t& out, const Expr& e) {
  const auto* n = e.as<ast::Number>();
  if (!n || !n->is_int) wrong(e, "expected an integer");
  out = n->integer;
}

void read(bool& out, const Expr& e) {
  const auto* b = e.as<ast::Bool>();
  if (!b) wrong(e, "expected true or false");
  out = b->value;
}

void read(std::string& out, const Expr& e) {
  const auto* s = e.as<ast::String>();
  if (!s) wrong(e, "expected a string");
  out = s->text;
}

void read(Dim& out, const Expr& e) {
  try {
    out = read_dim(e);
  } catch (const Error& error) {
    wrong(e, error.what());
  }
}

void read(DType& out, const Expr& e) {
  std::string name = ref_name(e, "an element type");
  std::vector<std::string> known;
  for (DType t : kAllDTypes) known.emplace_back(name_of(t));
  auto dtype = dtype_from_name(name);
  if (!dtype) throw Wrong{e.loc, fmt::format("unknown element type '{}'", name), name, known};
  out = *dtype;
}

// `f32(0.5)`, or `f32(bits = 4290772992)`.
void read(Literal& out, const Expr& e) {
  const auto* call = e.as<ast::Call>();
  if (!call || call->args.size() != 1) wrong(e, "expected a constant with its type, as in f32(0.5)");
  DType dtype;
  read(dtype, *call->callee);
  const ast::Arg& arg = call->args[0];
  if (arg.name.text.empty())
    out = literal_of(dtype, *arg.value);
  else if (arg.name.text == "bits")
    out = literal_of_bits(dtype, *arg.value);
  else
    wrong(e, "expected a constant with its type, as in f32(0.5)");
}

// `axis(2, size = 3, stride = 2, dilation = 1)`.
void read(WindowAxis& out, const Expr& e) {
  const auto* call = e.as<ast::Call>();
  if (!call || ref_name(*call->callee, "axis(…)") != "axis")
    wrong(e, "expected axis(number, size = …, stride = …)");
  for (const ast::Arg& arg : call->args) {
    const std::string& name = arg.name.text;
    if (name.empty())
      read(out.axis, *arg.value);
    else if (name == "size")
      read(out.size, *arg.value);
    else if (name == "stride")
      read(out.stride, *arg.value);
    else if (name == "dilation")
      read(out.dilation, *arg.value);
    else
      throw Wrong{
          arg.name.loc, fmt::format("an axis has no '{}'", name), name, {"size", "stride", "dilation"}};
  }
}

void read(Type& out, const Expr& e) {
  const auto* index = e.as<ast::Index>();
  read(out.dtype, index ? *index->base : e);
  out.shape.clear();
  if (!index) return;
  for (const ast::Subscript& s : index->subscripts) {
    if (s.is_slice) throw Wrong{s.loc, "expected a dimension", "", {}};
    read(out.shape.emplace_back(), *s.start);
  }
}

void read(Body&, const Expr& e) { wrong(e, "a body stands in braces behind the node"); }
void read(Monoid& out, const Expr& e) { read_enum(out, e); }
void read(KernelKind& out, const Expr& e) { read_enum(out, e); }
void read(std::vector<int64_t>& out, const Expr& e) { read_list(out, e); }
void read(std::vector<WindowAxis>& out, const Expr& e) { read_list(out, e); }
void read(Shape& out, const Expr& e) { read_list(out, e); }

Type read_type(const ast::TypeExpr& t) {
  Type out{t.dtype, {}};
  for (const ast::ExprPtr& d : t.dims) read(out.shape.emplace_back(), *d);
  return out;
}

}  // namespace nnc
