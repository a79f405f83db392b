// The few AVX-512 instructions that no LLVM operation stands for. Private to codegen.
#pragma once

#include <functional>
#include <span>

#include "codegen/vec.h"

namespace nnc {

/// Whether x is a whole vector of floats in code for AVX-512; what follows is for such vectors alone.
bool is_avx512(Vec x);
/// Whether x, one f32 or a vector of up to sixteen, is in code for AVX-512, and f of it in the lower lanes of a whole vector.
bool fits_avx512(Vec x);
Vec on_whole_vector(Vec x, const std::function<Vec(Vec)>& f);

/// x 2^floor(n), rounded once, with infinities, zeros and denormals where they belong. f32 only.
Vec scale_by_power(Vec x, Vec n);
/// The larger or the smaller, -0 below +0; any number where an operand is NaN.
Vec larger(Vec a, Vec b);
Vec smaller(Vec a, Vec b);
/// x, or a number of its sign and this magnitude if that is nearer to zero, or if x is NaN. f32 only.
Vec nearer_to_zero(Vec x, double magnitude);
/// The entry of the table, of 16 or 32, that the lowest bits of each lane of `place` say. f32 only.
Vec lookup(Vec place, std::span<const float> table);

}  // namespace nnc
