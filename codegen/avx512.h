// The few AVX-512 instructions that no LLVM operation stands for. Private to codegen.
#pragma once

#include <functional>
#include <span>

#include "codegen/vec.h"

namespace nnc {

/// Whether the function is code for AVX-512 (f, vl, bw and dq).
bool is_for_avx512(const llvm::Function& function);
/// Whether x, one f32 or a vector of up to sixteen, is in code for AVX-512, and f of it in the lower lanes of a whole vector.
bool fits_avx512(Vec x);
Vec on_whole_vector(Vec x, const std::function<Vec(Vec)>& f);
/// Whether x is a whole vector of floats in code for AVX-512; what follows is for such vectors alone.
bool is_avx512(Vec x);

/// x 2^floor(n), rounded once, with infinities, zeros and denormals where they belong. f32 only.
Vec scale_by_power(Vec x, Vec n);
/// The larger or the smaller, -0 below +0; any number where an operand is NaN.
Vec larger(Vec a, Vec b);
Vec smaller(Vec a, Vec b);
/// x, or a number of its sign and this magnitude if that is nearer to zero, or if x is NaN. f32 only.
Vec nearer_to_zero(Vec x, double magnitude);
/// The entry of the table, of 16 or 32, that the lowest bits of each lane of `place` say. f32 only.
Vec lookup(Vec place, std::span<const float> table);
/// 1 / x to fourteen bits: the same bits on every machine of Intel's. f32 only.
Vec estimated_reciprocal(Vec x);
/// a b + c, rounded up. f32 only.
Vec fma_upward(Vec a, Vec b, Vec c);
/// Where x is denormal; infinite or NaN as well. f32 only.
Vec is_denormal(Vec x);
Vec is_denormal_or_not_finite(Vec x);

}  // namespace nnc
