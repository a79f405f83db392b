// pow in f32, through f64: 2^(y log2 |x|), both with errors below 2^-44, then C's special cases.
#include <limits>

#include "codegen/vector_math.h"

namespace nnc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kOneBits = 0x3ff0000000000000, kSqrtHalfBits = 0x3fe6a09e667f3bcd;
constexpr double kMagic = 0x1.8p52;  // adding it rounds to an integer, in the low bits

// log2(m) = s L(s^2) with s = (m - 1) / (m + 1), m in [sqrt 1/2, sqrt 2]: a minimax fit of our own, 2^-45.
constexpr double kLog2[] = {0.28290864563670909, 0.31990513466872439, 0.4122092652638486,
                            0.57707794224602915, 0.96179669411371926, 2.8853900817778499};
// (2^r - 1) / r on |r| <= 1/2: likewise, 2^-45.
constexpr double kExp2[] = {1.0148357297047939e-07, 1.3258334289165153e-06, 1.5252989907647665e-05,
                            0.0001540344089011487,  0.0013333557625711803,  0.0096181291811550385,
                            0.05550410866841362,    0.24022650695722861,    0.69314718055988522};

// Of a non-negative f64 that is a widened f32, so never denormal.
Vec log2(Vec x) {
  Vec number = bits(x);
  Vec biased = shift_right(number + number.integer(kOneBits - kSqrtHalfBits), 52);
  Vec k = as_float(biased | number.integer(0x4330000000000000)) - (0x1p52 + 1023);
  Vec m = as_float(number - shift_left(biased, 52) + number.integer(kOneBits));
  Vec s = (m - 1) / (m + 1);
  Vec result = fma(s, polynomial(s * s, kLog2), k);
  result = select(eq(x, 0), -kInf, result);
  return select(x < kInf, result, x);  // infinity, NaN
}

// For anything whose result f32 can tell from 0 and infinity; the rest saturates. Keeps NaN.
Vec exp2(Vec x) {
  x = select(x < -200, -200, x);
  x = select(x > 200, 200, x);
  Vec shifted = x + kMagic;
  Vec r = x - (shifted - kMagic);
  Vec scale = as_float(shift_left(bits(shifted) + bits(shifted).integer(1023), 52));
  return fma(r, polynomial(r, kExp2), 1) * scale;
}

Vec is_integer(Vec x) { return eq(floor(x), x); }

}  // namespace

Vec emit_pow(Vec x, Vec y) {
  if (x.type()->getScalarSizeInBits() == 64) return libm("pow", {x, y});
  x = to_f64(x);
  y = to_f64(y);
  Vec logarithm = log2(abs(x));
  // |x| = 1 to any power, infinity included.
  Vec exponent = select(eq(logarithm, 0) & !is_nan(y), 0, y * logarithm);
  Vec result = exp2(exponent);
  Vec odd = is_integer(y) & !is_integer(y * 0.5);
  Vec sign = copysign(x.number(1), x);
  result = select(odd, result * sign, result);
  Vec undefined = (x < 0) & (x > -kInf) & !is_integer(y);
  result = select(undefined, kNan, result);
  return to_f32(select(eq(x, 1) | eq(y, 0), 1, result));
}

}  // namespace nnc
