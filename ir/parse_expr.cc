// Expressions by precedence climbing, and types.
//
//   or < and < not < == != < <= > >= < + - < * / < unary - < ** (right to left) < call, index
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "ir/parser_core.h"

namespace nnc {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprPtr;
using Kind = Token::Kind;

struct Infix {
  BinaryOp op;
  int level;
};
constexpr int kNot = 3, kComparison = 4;
constexpr Infix kInfix[] = {
    {BinaryOp::Or, 1},  {BinaryOp::And, 2}, {BinaryOp::Eq, 4},  {BinaryOp::Ne, 4},
    {BinaryOp::Lt, 4},  {BinaryOp::Le, 4},  {BinaryOp::Gt, 4},  {BinaryOp::Ge, 4},
    {BinaryOp::Add, 5}, {BinaryOp::Sub, 5}, {BinaryOp::Mul, 6}, {BinaryOp::Div, 6},
};

const Infix* infix_of(const Token& token) {
  if (token.kind != Kind::Punct && token.kind != Kind::Name) return nullptr;
  for (const Infix& row : kInfix) {
    if (ast::text_of(row.op) == token.text) return &row;
  }
  return nullptr;
}

int depth_of(const ExprPtr& e) { return e ? e->depth : 0; }

// One more than the deepest child.
struct Depth {
  int operator()(const ast::Call& c) const {
    int depth = depth_of(c.callee);
    for (const ast::Arg& a : c.args) depth = std::max(depth, depth_of(a.value));
    return depth + 1;
  }
  int operator()(const ast::Index& i) const {
    int depth = depth_of(i.base);
    for (const ast::Subscript& s : i.subscripts) {
      depth = std::max({depth, depth_of(s.start), depth_of(s.stop), depth_of(s.step)});
    }
    return depth + 1;
  }
  int operator()(const ast::Unary& u) const { return depth_of(u.operand) + 1; }
  int operator()(const ast::Binary& b) const { return std::max(depth_of(b.lhs), depth_of(b.rhs)) + 1; }
  int operator()(const ast::List& l) const { return of(l.items); }
  int operator()(const ast::Tuple& t) const { return of(t.items); }
  template <class Leaf>
  int operator()(const Leaf&) const {
    return 1;
  }

  static int of(const std::vector<ExprPtr>& items) {
    int depth = 0;
    for (const ExprPtr& e : items) depth = std::max(depth, depth_of(e));
    return depth + 1;
  }
};

}  // namespace

// Its place runs from token `from` to the last one taken, or to where the first line ends.
ExprPtr Parser::make(const Token& from, decltype(Expr::node) node) {
  Loc loc = from.loc;
  for (size_t i = pos_; i-- > 0;) {
    Loc end = tokens_[i].loc;
    if (end.line > loc.line) continue;
    if (end.column >= loc.column) loc.length = end.column + end.length - loc.column;
    break;
  }
  auto out = std::make_unique<Expr>(Expr{loc, std::move(node)});
  out->depth = std::visit(Depth{}, out->node);
  if (out->depth > ast::kMaxDepth) fail("nesting", from.loc, "this expression is nested too deeply");
  return out;
}

ExprPtr Parser::binary(int level) {
  Nest nest(*this);
  const Token& first = peek();
  ExprPtr lhs = prefix(level);
  bool compared = false;
  while (on_line()) {
    const Token& token = peek();
    const Infix* row = infix_of(token);
    if (!row || row->level < level) break;
    if (row->level == kComparison && compared) {
      fail("syntax", token.loc, "comparisons do not chain: join two by 'and'");
    }
    compared = row->level == kComparison;
    take();
    ExprPtr rhs = binary(row->level + 1);
    lhs = make(first, ast::Binary{row->op, token.loc, std::move(lhs), std::move(rhs)});
  }
  return lhs;
}

// `not` is an operator where an operand follows; else it is a name, as a graph's values may have it.
ExprPtr Parser::prefix(int level) {
  if (!at_word("not") || !on_line(1) || !starts_expr(1) || level > kNot) return unary();
  const Token& first = take();
  ExprPtr operand = binary(kNot);
  return make(first, ast::Unary{ast::UnaryOp::Not, std::move(operand)});
}

bool Parser::starts_expr(size_t ahead) const {
  const Token& t = peek(ahead);
  if (t.kind == Kind::Name) return !infix_of(t);
  return t.kind == Kind::Int || t.kind == Kind::Float || t.kind == Kind::String || t.is("(") || t.is("[") ||
         t.is("-");
}

ExprPtr Parser::unary() {
  Nest nest(*this);
  if (!at("-")) return power();
  const Token& first = take();
  if (on_line() && peek().text == "9223372036854775808" && !peek(1).is("**")) {
    take();
    return make(first, ast::Number{true, INT64_MIN, static_cast<double>(INT64_MIN)});
  }
  ExprPtr operand = unary();
  if (const auto* n = operand->as<ast::Number>()) {
    if (!n->is_int) return make(first, ast::Number{false, 0, -n->value});
    if (n->integer == INT64_MIN) fail("number-range", first.loc, "this number does not fit 64 bits");
    return make(first, ast::Number{true, -n->integer, -n->value + 0.0});
  }
  return make(first, ast::Unary{ast::UnaryOp::Neg, std::move(operand)});
}

ExprPtr Parser::power() {
  const Token& first = peek();
  ExprPtr base = postfix();
  if (!at("**")) return base;
  Loc op = take().loc;
  ExprPtr exponent = unary();
  return make(first, ast::Binary{BinaryOp::Pow, op, std::move(base), std::move(exponent)});
}

ExprPtr Parser::postfix() {
  const Token& first = peek();
  ExprPtr out = primary();
  while (true) {
    decltype(Expr::node) node;
    if (at("(")) {
      std::vector<ast::Arg> list = args("an argument");
      node = ast::Call{std::move(out), std::move(list)};
    } else if (at("[")) {
      node = index(std::move(out));
    } else {
      return out;
    }
    out = make(first, std::move(node));
  }
}

ExprPtr Parser::primary() {
  const Token& token = peek();
  if (!on_line()) expected("an expression");
  switch (token.kind) {
    case Kind::Int:
    case Kind::Float:
      return number();
    case Kind::String:
      take();
      return make(token, ast::String{*unquote(token.text)});
    case Kind::Name:
      break;
    case Kind::Punct:
      if (at("(")) return parenthesised();
      if (at("[")) return list();
      expected("an expression");
    case Kind::Bad:
    case Kind::End:
      expected("an expression");
  }
  take();
  if (token.text == "true" || token.text == "false") return make(token, ast::Bool{token.text == "true"});
  if (token.text == "inf") return make(token, ast::Number{false, 0, INFINITY});
  if (token.text == "nan") return make(token, ast::Number{false, 0, NAN});
  return make(token, ast::Ref{std::string(token.text)});
}

ExprPtr Parser::number() {
  const Token& token = take();
  const char* end = token.text.data() + token.text.size();
  std::from_chars_result result{};
  ast::Number n;
  if (token.kind == Kind::Int) {
    bool hex = token.text.size() > 2 && (token.text[1] == 'x' || token.text[1] == 'X');
    result = std::from_chars(token.text.data() + (hex ? 2 : 0), end, n.integer, hex ? 16 : 10);
    n.is_int = true;
    n.value = static_cast<double>(n.integer);
  } else {
    result = std::from_chars(token.text.data(), end, n.value);
  }
  if (result.ec == std::errc::result_out_of_range) {
    fail("number-range", token.loc,
         fmt::format("this number does not fit {}", n.is_int ? "a signed integer of 64 bits" : "f64"));
  }
  return make(token, n);
}

ExprPtr Parser::parenthesised() {
  const Token& first = peek();
  Bracket bracket(*this, "(");
  ExprPtr out = expr();
  if (!at(",")) {
    bracket.close(")");
    return out;
  }
  std::vector<ExprPtr> items;
  items.push_back(std::move(out));
  while (accept(",") && !at(")")) items.push_back(expr());
  bracket.close(")");
  return make(first, ast::Tuple{std::move(items)});
}

ExprPtr Parser::list() {
  const Token& first = peek();
  Bracket bracket(*this, "[");
  std::vector<ExprPtr> items;
  while (!at("]")) {
    items.push_back(expr());
    if (!accept(",")) break;
  }
  bracket.close("]");
  return make(first, ast::List{std::move(items)});
}

std::vector<ast::Arg> Parser::args(std::string_view what) {
  Bracket bracket(*this, "(");
  std::vector<ast::Arg> out;
  while (!peek().is(")")) {
    if (peek().kind == Kind::End) break;
    if (peek().is(",")) expected(what);
    out.push_back(arg());
    if (!accept(",")) break;
  }
  bracket.close(")");
  return out;
}

ast::Arg Parser::arg() {
  ast::Arg out;
  if (at_name() && peek(1).is("=")) {
    out.name = name("a name");
    take();
  }
  out.value = expr();
  return out;
}

ast::Index Parser::index(ExprPtr base) {
  Bracket bracket(*this, "[");
  ast::Index out{std::move(base), {}};
  while (!at("]")) {
    out.subscripts.push_back(subscript());
    if (!accept(",")) break;
  }
  bracket.close("]");
  return out;
}

ast::Subscript Parser::subscript() {
  ast::Subscript out;
  out.loc = peek().loc;
  auto part = [&]() -> ExprPtr { return at(":") || at(",") || at("]") ? nullptr : expr(); };
  out.start = part();
  if (!at(":")) {
    if (!out.start) expected("an index");
    out.loc = out.start->loc;
    return out;
  }
  out.is_slice = true;
  take();
  out.stop = part();
  if (accept(":")) out.step = part();
  return out;
}

// At least one, separated by commas, outside brackets.
std::vector<ExprPtr> Parser::exprs() {
  std::vector<ExprPtr> out;
  do out.push_back(expr());
  while (accept(","));
  return out;
}

ast::TypeExpr Parser::type() {
  ast::Name word = name("a type");
  ast::TypeExpr out{word.loc, DType::F32, {}};
  std::vector<std::string> known;
  for (DType t : kAllDTypes) known.emplace_back(name_of(t));
  if (auto dtype = dtype_from_name(word.text)) {
    out.dtype = *dtype;
  } else {
    auto& d =
        diagnostics_.error("unknown-type", word.loc, fmt::format("unknown element type '{}'", word.text));
    d.suggest(word.text, known);
    if (d.help.empty()) d.with_help("the types are " + fmt::format("{}", fmt::join(known, ", ")));
  }
  if (!at("[")) return out;
  Bracket bracket(*this, "[");
  while (!at("]")) {
    out.dims.push_back(expr());
    if (!accept(",")) break;
  }
  Loc end = bracket.close("]");
  if (end.line == word.loc.line) out.loc.length = end.column + end.length - word.loc.column;
  return out;
}

std::vector<ast::TypeExpr> Parser::types() {
  std::vector<ast::TypeExpr> out;
  do out.push_back(type());
  while (accept(","));
  return out;
}

ast::TypedName Parser::typed_name() {
  ast::TypedName out;
  out.name = fresh_name("a name");
  expect(":");
  out.type = type();
  return out;
}

std::vector<ast::TypedName> Parser::typed_names() {
  Bracket bracket(*this, "(");
  std::vector<ast::TypedName> out;
  while (!at(")")) {
    out.push_back(typed_name());
    if (!accept(",")) break;
  }
  bracket.close(")");
  return out;
}

}  // namespace nnc
