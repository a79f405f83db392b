// `.nn` text to its syntax tree: a recursive descent parser that recovers at the end of a statement, so that
// one run reports every syntax error. Any bytes at all are accepted as input; none crash it.
#pragma once

#include "ir/ast.h"
#include "ir/diagnostics.h"

namespace nnc {

/// Parses the source of `diagnostics`. What could not be parsed is reported there and left out of the tree.
ast::File parse(Diagnostics& diagnostics);

}  // namespace nnc
