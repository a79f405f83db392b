// Attribute values from expressions, one overload per field type; graph_printer.cc has the opposite of each.
#pragma once

#include "ir/ast.h"
#include "ir/attrs.h"

namespace nnc {

/// What is wrong with an expression or name, thrown to the statement that holds it.
struct Wrong {
  Loc loc;
  std::string message;
  std::string word;  // misspelt, if so, among these
  std::vector<std::string> candidates;
};

void read(int64_t& out, const ast::Expr& e);
void read(bool& out, const ast::Expr& e);
void read(std::string& out, const ast::Expr& e);
void read(Dim& out, const ast::Expr& e);
void read(DType& out, const ast::Expr& e);
void read(Monoid& out, const ast::Expr& e);
void read(KernelKind& out, const ast::Expr& e);
void read(Literal& out, const ast::Expr& e);
void read(WindowAxis& out, const ast::Expr& e);
void read(Type& out, const ast::Expr& e);
void read(Body& out, const ast::Expr& e);
void read(std::vector<int64_t>& out, const ast::Expr& e);
void read(std::vector<WindowAxis>& out, const ast::Expr& e);
void read(Shape& out, const ast::Expr& e);

Type read_type(const ast::TypeExpr& t);

}  // namespace nnc
