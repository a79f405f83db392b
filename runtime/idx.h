// One IDX file, gzip or not, as a tensor.
#pragma once

#include <string>
#include <string_view>

#include "ir/tensor.h"

namespace nnc {

/// u8 stays u8; the 1-, 2- and 4-byte signed integers become i32, the floats f32 and f64. Throws Error naming
/// the path when the file is not exactly what its header says.
Tensor load_idx(const std::string& path);
/// The same of a file's content, not packed; `place` names it.
Tensor parse_idx(std::string_view content, const std::string& place);
/// The same, left in the file where it is not packed and holds several bytes per sample: a view of the mapped file.
Tensor map_idx(const std::string& path);

}  // namespace nnc
