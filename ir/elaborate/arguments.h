// Arguments of a call bound to a signature and converted to what it says they are: layers, losses, and the calls of
// a train block. Mistakes are reported with the signature as help.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/ast.h"
#include "ir/diagnostics.h"
#include "ir/elaborate/value.h"
#include "ir/layers.h"

namespace nnc {

/// Arguments as they stand in the call, evaluated.
using Given = std::vector<std::pair<const ast::Arg*, Val>>;

/// Who is called, for messages.
struct Callee {
  std::string_view name, signature;
  std::string usage() const;
};

/// Arguments by position of the signature; several only where it says `tensors` or `texts`, none where the default holds.
struct Bound {
  std::vector<Given> values;
  bool failed = false;  // and reported
};

Bound bind_arguments(const Callee& callee, const std::vector<LayerArg>& signature, const Given& given,
                     Loc call, Diagnostics& diagnostics);

/// The value as `kind`, monostate where it is none of it. Tensors are the elaborator's to convert.
ArgValue convert_argument(ArgKind kind, const Val& v);
/// What an argument of that kind is, for people.
std::string_view expected_of(ArgKind kind);
/// One value, or the items of a list.
std::vector<Val> items_of(const Val& v);

}  // namespace nnc
