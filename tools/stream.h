// Loops written by hand that read and write so many arrays and compute next to nothing: what a kernel with the same
// traffic is measured against.
#pragma once

#include <cstdint>

namespace nnc::tool {

/// Every element written is the sum of those read at its place. Arrays written may be arrays read, begin at multiples of
/// 64 bytes, and [begin, end) covers whole groups of 64 elements.
using Stream = void (*)(const float* const* reads, float* const* writes, int64_t begin, int64_t end);

enum class Stores : uint8_t { Plain, NonTemporal };

/// Null for a combination that there is no loop for, and for non-temporal stores where the machine has none.
Stream find_stream(int reads, int writes, Stores stores);

}  // namespace nnc::tool
