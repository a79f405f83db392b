// NumPy's array files: one tensor, row-major. Reads versions 1 to 3, writes version 1, so that
// `np.save` -> predict -> `np.load` works.
#pragma once

#include <string>

#include "ir/tensor.h"

namespace nnc {

/// Reads f32, f64, i32, i64, u8 or bool elements, little-endian, in C order. Throws Error naming the path on
/// anything else, and on a file whose size is not exactly what its header says.
Tensor load_npy(const std::string& path);

/// Writes atomically. bf16, which NumPy lacks, is written as f32.
void save_npy(const std::string& path, const Tensor& tensor);

}  // namespace nnc
