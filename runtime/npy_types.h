// NumPy's element types as a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ir/dtype.h"
#include "ir/tensor.h"

namespace nnc {

/// An element type of NumPy and what it is read as: the first of ours that holds every value (but for u8, of which
/// i64 holds half).
struct NpyType {
  std::string_view name;  // NumPy's kind and size, "f4"
  DType dtype;
  int64_t size;
  /// Fills `to` with the elements at `from`, of the other byte order where `swapped`. Throws Error for a value that
  /// dtype cannot hold; `place` begins its message.
  void (*read)(std::span<const std::byte> from, bool swapped, Tensor& to, const std::string& place);

  /// Whether elements are read by copying their bytes.
  bool is_plain() const { return size == size_of(dtype) && dtype != DType::Bool && name != "u8"; }
};

/// The one that a type of ours is written as comes first among those read as it.
std::span<const NpyType> npy_types();

}  // namespace nnc
