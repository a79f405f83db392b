// NumPy's array files: one tensor. Reads versions 1 to 3, writes version 1, so that `np.save` -> predict -> `np.load`
// works.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "ir/error.h"
#include "ir/tensor.h"

namespace nnc {

/// The file may be whole, but its elements have no type of ours.
class UnsupportedType : public Error {
 public:
  using Error::Error;
};

/// Floats of 16 to 64 bits, integers of 8 to 64 and truth values (NpyType), of either byte order and either order of
/// axes. Throws UnsupportedType on anything else, and Error, naming the path, on a file whose size is not exactly what its header says.
Tensor load_npy(const std::string& path);
/// The same, left in the file where its elements lie there as a tensor has them, but for single values per sample: a
/// view of the mapped file.
Tensor map_npy(const std::string& path);
/// The same of a file's content; `place` names it.
Tensor parse_npy(std::span<const std::byte> content, const std::string& place);

/// Writes atomically. bf16, which NumPy lacks, is written as f32.
void save_npy(const std::string& path, const Tensor& tensor);

}  // namespace nnc
