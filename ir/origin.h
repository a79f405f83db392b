// What the elements of a value are, however they were moved about, and what they are made of.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"

namespace nnc {

/// The value whose elements `v` has, broadcast, reshaped, permuted or sliced.
Value origin(const Graph& body, Value v);

/// The number that all elements of `v` are, if that is known.
std::optional<Literal> literal_everywhere(const Graph& body, Value v);

/// Whether an element is a byte (or a bool) cast to f32: one of 256 numbers.
bool is_byte_in_f32(const Graph& body, Value v);

/// The nodes that the values are of or depend on, otherwise than through the node `except`.
std::vector<NodeId> nodes_behind(const Graph& body, std::vector<Value> values, NodeId except = UINT32_MAX);
/// The inputs that the values depend on, otherwise than through the node `except`.
std::vector<NodeId> inputs_behind(const Graph& body, std::vector<Value> values, NodeId except = UINT32_MAX);

}  // namespace nnc
