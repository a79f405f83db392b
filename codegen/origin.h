// What the elements of a value are, however they were moved about.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace nnc {

/// The value whose elements `v` has, broadcast, reshaped, permuted or sliced.
Value origin(const Graph& body, Value v);

/// The number that all elements of `v` are, if that is known.
std::optional<Literal> literal_everywhere(const Graph& body, Value v);

}  // namespace nnc
