// The syntax tree as `.nn` text in one layout; it parses to the same tree.
#pragma once

#include <string>

#include "ir/ast.h"

namespace nnc {

std::string print(const ast::File& file);
/// One line, with only the parentheses that are needed.
std::string print(const ast::Expr& expr);
std::string print(const ast::TypeExpr& type);

}  // namespace nnc
