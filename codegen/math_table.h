// exp, tanh and erf in f32 for AVX-512, where a register holds a table and one instruction looks up sixteen places of it:
// a short polynomial about the nearest of many points is half the work of a long one about few. Private to codegen.
#pragma once

#include "codegen/vec.h"

namespace nnc {

/// Of what fits_avx512.
Vec table_exp(Vec x);
Vec table_tanh(Vec x);
Vec table_erf(Vec x);

}  // namespace nnc
