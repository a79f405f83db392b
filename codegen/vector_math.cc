#include "codegen/vector_math.h"

namespace nnc {
namespace {

bool is_f64(Vec x) { return x.type()->getScalarSizeInBits() == 64; }

Vec by_libm(const char* name, Vec x) { return is_f64(x) ? libm(name, {x}) : to_f32(libm(name, {to_f64(x)})); }

}  // namespace

Vec emit_exp(Vec x) { return by_libm("exp", x); }
Vec emit_expm1(Vec x) { return by_libm("expm1", x); }
Vec emit_log(Vec x) { return by_libm("log", x); }
Vec emit_log1p(Vec x) { return by_libm("log1p", x); }
Vec emit_sin(Vec x) { return by_libm("sin", x); }
Vec emit_cos(Vec x) { return by_libm("cos", x); }
Vec emit_tanh(Vec x) { return by_libm("tanh", x); }
Vec emit_erf(Vec x) { return by_libm("erf", x); }
Vec emit_pow(Vec x, Vec y) {
  return is_f64(x) ? libm("pow", {x, y}) : to_f32(libm("pow", {to_f64(x), to_f64(y)}));
}

}  // namespace nnc
