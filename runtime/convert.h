// Element conversion that refuses to lose anything but float precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "ir/tensor.h"

namespace nnc {

/// The values as `to` where none loses more than the rounding between float types; otherwise an Error that
/// names the first sample that does. `what` begins the message.
Tensor convert_exactly(Tensor from, DType to, const std::string& what);

/// The same for `count` elements that lie aligned to their sizes, of any types but bf16. The index of the first that
/// `to` cannot hold, or -1.
int64_t convert_elements(DType from, const std::byte* values, DType to, std::byte* into, size_t count);

/// Says that `to` cannot hold that value of the sample.
[[noreturn]] void throw_inexact(const std::string& what, DType from, const std::byte* value, DType to,
                                int64_t sample);

}  // namespace nnc
