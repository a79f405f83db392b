// Whole pieces of a length.
#pragma once

#include <cstdint>

namespace nnc {

/// Of positive numbers.
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
/// To a multiple of b.
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

}  // namespace nnc
