// Transcendental functions as LLVM IR: polynomials of our own for f32 at any number of lanes, with one result
// whatever the lanes; the C library lane by lane for f64. Bounds are in units in the last place of f32 over
// the full range, NaN, infinities, denormals and signed zeros as C defines them. Private to codegen.
#pragma once

#include "codegen/vec.h"

namespace nnc {

Vec emit_exp(Vec x);
Vec emit_expm1(Vec x);
Vec emit_log(Vec x);
Vec emit_log1p(Vec x);
Vec emit_sin(Vec x);
Vec emit_cos(Vec x);
Vec emit_tanh(Vec x);
Vec emit_erf(Vec x);
Vec emit_pow(Vec x, Vec y);

}  // namespace nnc
