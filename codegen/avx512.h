// The few AVX-512 instructions that no LLVM operation stands for. Private to codegen.
#pragma once

#include "codegen/vec.h"

namespace nnc {

/// Whether x is a whole vector of floats in code for AVX-512; what follows is for such vectors alone.
bool is_avx512(Vec x);
/// x 2^n, rounded once, with infinities, zeros and denormals where they belong; n holds whole numbers. f32 only.
Vec scale_by_power(Vec x, Vec n);
/// The larger or the smaller, -0 below +0; any number where an operand is NaN.
Vec larger(Vec a, Vec b);
Vec smaller(Vec a, Vec b);

}  // namespace nnc
