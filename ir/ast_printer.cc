#include "ir/ast_printer.h"

#include <cmath>

#include <fmt/format.h>

#include "ir/lexer.h"

namespace nnc {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprPtr;

template <class T, class F>
std::string joined(const std::vector<T>& items, const F& text) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) out += (i ? ", " : "") + text(items[i]);
  return out;
}

// How tightly a form binds; the levels are the parser's.
constexpr int kNotLevel = 3, kUnaryLevel = 7, kPowLevel = 8, kAtom = 9;

int level_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::Or:
      return 1;
    case BinaryOp::And:
      return 2;
    case BinaryOp::Eq:
    case BinaryOp::Ne:
    case BinaryOp::Lt:
    case BinaryOp::Le:
    case BinaryOp::Gt:
    case BinaryOp::Ge:
      return 4;
    case BinaryOp::Add:
    case BinaryOp::Sub:
      return 5;
    case BinaryOp::Mul:
    case BinaryOp::Div:
      return 6;
    case BinaryOp::Pow:
      return kPowLevel;
  }
  return kAtom;
}

int level_of(const Expr& e) {
  if (const auto* b = e.as<ast::Binary>()) return level_of(b->op);
  if (const auto* u = e.as<ast::Unary>()) return u->op == ast::UnaryOp::Not ? kNotLevel : kUnaryLevel;
  if (const auto* n = e.as<ast::Number>())
    return std::signbit(n->value) && !std::isnan(n->value) ? kUnaryLevel : kAtom;
  return kAtom;
}

std::string at_least(int level, const Expr& e) {
  return level_of(e) < level ? "(" + print(e) + ")" : print(e);
}

struct ExprText {
  std::string operator()(const ast::Number& n) const {
    if (n.is_int) return std::to_string(n.integer);
    if (std::isnan(n.value)) return "nan";
    std::string text = fmt::format("{}", n.value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  std::string operator()(const ast::String& s) const { return quote(s.text); }
  std::string operator()(const ast::Bool& b) const { return b.value ? "true" : "false"; }
  std::string operator()(const ast::Ref& r) const { return r.name; }
  std::string operator()(const ast::Call& c) const {
    auto arg = [](const ast::Arg& a) {
      return (a.name.text.empty() ? "" : a.name.text + " = ") + print(*a.value);
    };
    return fmt::format("{}({})", at_least(kAtom, *c.callee), joined(c.args, arg));
  }
  std::string operator()(const ast::Index& i) const {
    return fmt::format("{}[{}]", at_least(kAtom, *i.base), joined(i.subscripts, subscript));
  }
  std::string operator()(const ast::Unary& u) const {
    if (u.op == ast::UnaryOp::Not) return "not " + at_least(kNotLevel, *u.operand);
    return "-" + at_least(kUnaryLevel, *u.operand);
  }
  std::string operator()(const ast::Binary& b) const {
    int level = level_of(b.op);
    bool chains = level != level_of(BinaryOp::Eq) && b.op != BinaryOp::Pow;
    int right = b.op == BinaryOp::Pow ? kUnaryLevel : level + 1;
    return fmt::format("{} {} {}", at_least(chains ? level : level + 1, *b.lhs), text_of(b.op),
                       at_least(right, *b.rhs));
  }
  std::string operator()(const ast::List& l) const {
    return "[" + joined(l.items, [](const ExprPtr& e) { return print(*e); }) + "]";
  }
  std::string operator()(const ast::Tuple& t) const {
    std::string items = joined(t.items, [](const ExprPtr& e) { return print(*e); });
    return "(" + items + (t.items.size() == 1 ? ",)" : ")");
  }

  static std::string subscript(const ast::Subscript& s) {
    auto part = [](const ExprPtr& e) { return e ? print(*e) : std::string(); };
    if (!s.is_slice) return part(s.start);
    return part(s.start) + ":" + part(s.stop) + (s.step ? ":" + part(s.step) : "");
  }
};

std::string name_text(const ast::Name& n) { return n.text; }
std::string typed_text(const ast::TypedName& t) { return t.name.text + ": " + print(t.type); }
std::string expr_text(const ExprPtr& e) { return print(*e); }
std::string type_text(const ast::TypeExpr& t) { return print(t); }
std::string formal_text(const ast::Formal& f) {
  return f.default_value ? f.name.text + " = " + print(*f.default_value) : f.name.text;
}
// Names in a graph block may be any bytes.
std::string graph_name(const ast::Name& n) { return is_name(n.text) ? n.text : quote(n.text); }

class Printer {
 public:
  std::string text;

  void operator()(const ast::Model& m) {
    line("model " + m.name.text + (m.formals.empty() ? "" : "(" + joined(m.formals, formal_text) + ")") +
         " {");
    close(m.body);
  }
  void operator()(const ast::Block& b) {
    std::string results = b.results.empty() ? "" : " -> " + joined(b.results, type_text);
    line(fmt::format("block {}({})({}){} {{", b.name.text, joined(b.formals, formal_text),
                     joined(b.inputs, typed_text), results));
    close(b.body);
  }
  void operator()(const ast::Train& t) {
    line("train " + t.model.text + " {");
    for (const ast::TrainEntry& e : t.entries) {
      std::string rest = e.typed ? typed_text(*e.typed) : joined(e.values, expr_text);
      line("  " + e.key.text + (rest.empty() ? "" : " ") + rest);
    }
    line("}");
  }
  void operator()(const ast::Graph& g) {
    line("graph " + graph_name(g.name) + graph_inputs(g.body) + " {");
    graph_body(g.body);
    line("}");
  }

  void operator()(const ast::InputStmt& s) { line("input " + typed_text(s.input)); }
  void operator()(const ast::ParamStmt& s) { line("param " + typed_text(s.param) + " = " + print(*s.init)); }
  void operator()(const ast::OutputStmt& s) {
    line("output " + joined(s.names, name_text) + (s.value ? " = " + print(*s.value) : ""));
  }
  void operator()(const ast::AssignStmt& s) {
    const auto* tuple = s.value->as<ast::Tuple>();
    bool bare = tuple && tuple->items.size() > 1;
    line(joined(s.targets, name_text) + " = " + (bare ? joined(tuple->items, expr_text) : print(*s.value)));
  }
  void operator()(const ast::RepeatStmt& s) {
    line("repeat " + print(*s.count) + (s.label.text.empty() ? "" : " as " + s.label.text) + " {");
    close(s.body);
  }
  void operator()(const ast::ScanStmt& s) {
    auto input = [](const ast::ScanInput& i) { return print(*i.value) + " as " + i.name.text; };
    auto carry = [](const ast::Carry& c) { return c.name.text + " = " + print(*c.init); };
    line(fmt::format("{} = scan {}{}over {}{}{} {{", joined(s.targets, name_text), joined(s.inputs, input),
                     s.inputs.empty() ? "" : " ", print(*s.length), s.carries.empty() ? "" : " carry ",
                     joined(s.carries, carry)));
    close(s.body);
  }
  void operator()(const ast::YieldStmt& s) { line("yield " + joined(s.values, expr_text)); }
  void operator()(const ast::ReturnStmt& s) { line("return " + joined(s.values, expr_text)); }

  void operator()(const ast::GraphOutput& o) {
    line((o.state_write ? "write " : "output ") + graph_name(o.name) + " = " + graph_name(o.value));
  }
  void operator()(const ast::GraphInput& i) { line("input " + graph_name(i.name)); }
  void operator()(const ast::GraphNode& n) {
    auto arg = [](const ast::Arg& a) {
      return (a.name.text.empty() ? "" : a.name.text + " = ") + print(*a.value);
    };
    std::string types = n.types.empty() ? "" : " : " + joined(n.types, type_text);
    std::string head =
        fmt::format("{} = {}({})", joined(n.targets, graph_name), n.op.text, joined(n.args, arg));
    if (!n.body) return line(head + types);
    line(head + " " + graph_inputs(*n.body) + " {");
    graph_body(*n.body);
    line("}" + types);
  }

 private:
  void line(const std::string& content) { text += std::string(indent_, ' ') + content + "\n"; }
  void close(const ast::Stmts& body) {
    indent_ += 2;
    for (const ast::Stmt& s : body) std::visit(*this, s.node);
    indent_ -= 2;
    line("}");
  }
  static std::string graph_inputs(const ast::GraphBody& body) {
    return "(" +
           joined(body.inputs, [](const auto& i) { return graph_name(i.name) + ": " + print(i.type); }) + ")";
  }
  void graph_body(const ast::GraphBody& body) {
    indent_ += 2;
    for (const auto& s : body.statements) std::visit(*this, s);
    indent_ -= 2;
  }

  size_t indent_ = 0;
};

}  // namespace

std::string print(const ast::Expr& expr) { return std::visit(ExprText{}, expr.node); }

std::string print(const ast::TypeExpr& type) {
  return std::string(name_of(type.dtype)) + "[" + joined(type.dims, expr_text) + "]";
}

std::string print(const ast::File& file) {
  Printer p;
  for (const ast::Item& item : file.items) std::visit(p, item);
  return std::move(p.text);
}

}  // namespace nnc
