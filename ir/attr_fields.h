// What the graph printer and the graph reader agree on about attribute fields.
#pragma once

#include <type_traits>

#include "ir/attrs.h"

namespace nnc {

/// The field repeats the type of the node's result, which stands behind the node.
template <class T, class M>
constexpr bool given_by_result(const Field<T, M>& f) {
  return std::is_same_v<M, Type> || (std::is_same_v<M, Shape> && f.name == "shape");
}

/// A value that need not be written: equal to the default, and of a kind whose default goes without saying.
template <class T, class M>
bool left_out(const Field<T, M>& f, const T& attrs) {
  constexpr bool kSilent = std::is_same_v<M, bool> || std::is_same_v<M, DType> || std::is_same_v<M, Shape> ||
                           std::is_same_v<M, std::vector<int64_t>> ||
                           std::is_same_v<M, std::vector<WindowAxis>>;
  return kSilent && attrs.*(f.member) == T{}.*(f.member);
}

}  // namespace nnc
