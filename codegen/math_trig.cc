// sin and cos in f32, through f64: x - n pi/2 with a two-part pi/2 and fused steps is good to f64's last bits while n has
// fewer than 51 bits; farther out, the C library takes the lanes concerned.
#include "codegen/vector_math.h"

namespace nnc {
namespace {

constexpr double kFar = 0x1p50;
constexpr double kTwoOverPi = 0.63661977236758134;
constexpr double kHalfPiHigh = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;
constexpr double kMagic = 0x1.8p52;  // adding it rounds to an integer, in the low bits

// Minimax fits of our own on |r| <= pi/4, z = r^2: sin r = r (1 + z S(z)) to 2^-37, cos r = 1 + z C(z) to 2^-34.
constexpr double kSin[] = {2.7183081057395656e-06, -0.00019839334575222304, 0.0083333293855279572,
                           -0.16666666641630215};
constexpr double kCos[] = {2.4390411635100875e-05, -0.0013886763488610574, 0.041666623319783228,
                           -0.49999999725143746};

// sin(x + quarters pi/2) of an f64.
Vec sin_shifted(Vec x, int64_t quarters) {
  Vec shifted = fma(x, kTwoOverPi, kMagic);
  Vec n = shifted - kMagic;
  Vec r = fma(n, -kHalfPiLow, fma(n, -kHalfPiHigh, x));
  Vec z = r * r;
  Vec sine = r * fma(z, polynomial(z, kSin), 1);
  Vec cosine = fma(z, polynomial(z, kCos), 1);
  Vec quadrant = bits(shifted) + bits(shifted).integer(quarters);
  Vec swapped = n.with(n.ir->CreateIsNotNull((quadrant & 1).value));
  Vec sign = shift_left(quadrant & 2, 62);
  return as_float(bits(select(swapped, cosine, sine)) ^ sign);
}

Vec emit_circular(Vec x, int64_t quarters, const char* name) {
  if (x.type()->getScalarSizeInBits() == 64) return libm(name, {x});
  Vec wide = to_f64(x);
  Vec far = !(abs(wide) < kFar);
  return to_f32(replace_where(far, sin_shifted(wide, quarters), [&] { return libm(name, {wide}); }));
}

}  // namespace

Vec emit_sin(Vec x) { return emit_circular(x, 0, "sin"); }
Vec emit_cos(Vec x) { return emit_circular(x, 1, "cos"); }

}  // namespace nnc
