// The header of a .npy file: what the bytes behind it mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/npy_types.h"

namespace nnc {

struct NpyHeader {
  const NpyType* type = nullptr;
  bool swapped = false;        // big-endian
  bool fortran_order = false;  // the first axis runs fastest
  std::vector<int64_t> shape;
  int64_t start = 0;  // where the elements begin
};

/// Of a file that begins with `content`, of version 1 to 3. Throws Error beginning with `place`, UnsupportedType
/// among them.
NpyHeader parse_npy_header(std::span<const std::byte> content, const std::string& place);

/// All that stands before the elements of the tensor in a file of version 1.
std::string npy_header_for(const Tensor& tensor, const std::string& place);

}  // namespace nnc
