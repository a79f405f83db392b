// exp, expm1, tanh and erf in f32. All reduce x = n ln 2 + r, |r| <= ln 2 / 2, with a two-part ln 2 (Cody and
// Waite); polynomials are minimax fits of our own (Remez exchange in extended precision, then rounded to f32), each
// named after the function it approximates. AVX-512 has tables for all but expm1 (math_table).
#include "codegen/avx512.h"
#include "codegen/math_table.h"
#include "codegen/vector_math.h"

namespace nnc {
namespace {

bool is_f64(Vec x) { return x.type()->getScalarSizeInBits() == 64; }

constexpr double kLog2e = 1.44269504088896341;
constexpr double kLn2High = 0x1.62e4p-1;  // 16 bits: n * kLn2High is exact
constexpr double kLn2Low = 0x1.7f7d1cp-20;
constexpr double kMagic = 0x1.8p23;  // adding it rounds to an integer, in the low bits
constexpr int64_t kMagicBits = 0x4b400000;

// (e^r - 1 - r) / r^2 on |r| <= 0.3475; error of e^r 2^-34.
constexpr double kExpTail[] = {0.000197900619, 0.0013944942, 0.00833349861, 0.0416662917, 0.166666657, 0.5};
// The same, weighted for e^r - 1.
constexpr double kExpm1Tail[] = {0.000199145434, 0.00139412726, 0.0083332723, 0.0416663513, 0.166666672, 0.5};
// tanh(x) = x + x^3 T(x^2) on |x| <= 0.625, 2^-32.
constexpr double kTanh[] = {0.0021475614,  -0.00818270352, 0.0217029806,
                            -0.0539472066, 0.133332103,    -0.333333313};
// erf(x) = x + x E(x^2) on |x| <= 1, 2^-29.
constexpr double kErf[] = {7.85386146e-05, -0.000801019371, 0.00518832775, -0.0268538129,
                           0.112835854,    -0.37612626,     0.128379166};
// ln erfc(x) = x L(x) on [0.92, 4], for 1 - erfc to 2^-30.
constexpr double kLogErfc[] = {-1.12312582e-05, 0.000322803418, -0.0036424573, 0.0237620603,
                               -0.106236875,    -0.635151327,   -1.12864852};

struct Reduced {
  Vec r, n;  // n is an integer
};

Reduced reduce(Vec x) {
  Vec shifted = fma(x, kLog2e, kMagic);
  Vec n = shifted - kMagic;
  Vec r = fma(n, -kLn2Low, fma(n, -kLn2High, x));
  Vec number = bits(shifted);
  return {r, number - number.integer(kMagicBits)};
}

// 2^n for n in [-126, 127].
Vec power_of_two(Vec n) { return as_float(shift_left(n + n.integer(127), 23)); }

Vec exp_of_remainder(Vec r) { return fma(r * r, polynomial(r, kExpTail), r) + 1; }

// Comparisons this way round keep NaN.
Vec clamp(Vec x, double low, double high) {
  Vec above = select(x < low, low, x);
  return select(above > high, high, above);
}

// Where the result is a normal number.
Vec exp_normal(Vec x) {
  Reduced a = reduce(x);
  return exp_of_remainder(a.r) * power_of_two(a.n);
}

}  // namespace

// Scaled in two steps, of which the last one rounds, overflows or underflows.
Vec emit_exp(Vec x) {
  if (is_f64(x)) return libm("exp", {x});
  if (fits_avx512(x)) return table_exp(x);
  Reduced a = reduce(clamp(x, -104, 89));
  Vec e = exp_of_remainder(a.r);
  Vec half = shift_right_arithmetic(a.n, 1);
  return e * power_of_two(half) * power_of_two(a.n - half);
}

// 2^n (e^r - 1) + (2^n - 1), halved on the way so that 2^128 does not overflow early.
Vec emit_expm1(Vec x) {
  if (is_f64(x)) return libm("expm1", {x});
  Reduced a = reduce(clamp(x, -18, 89));
  Vec tail = fma(a.r * a.r, polynomial(a.r, kExpm1Tail), a.r);
  Vec scale = power_of_two(a.n - a.n.integer(1));
  return select(abs(x) < 0x1p-25, x, fma(scale, tail, scale - 0.5) * 2);
}

Vec emit_tanh(Vec x) {
  if (is_f64(x)) return libm("tanh", {x});
  if (fits_avx512(x)) return table_tanh(x);
  Vec a = abs(x), z = a * a;
  Vec near = fma(a * z, polynomial(z, kTanh), a);
  Vec e = exp_normal(clamp(a + a, 0, 20));
  Vec far = 1 - e.number(2) / (e + 1);
  return copysign(select(a < 0.625, near, far), x);
}

Vec emit_erf(Vec x) {
  if (is_f64(x)) return libm("erf", {x});
  if (fits_avx512(x)) return table_erf(x);
  Vec a = abs(x), z = a * a;
  Vec near = fma(a, polynomial(z, kErf), a);
  Vec t = clamp(a, 0, 4);
  Vec far = 1 - exp_normal(t * polynomial(t, kLogErfc));
  return copysign(select(a < 1, near, far), x);
}

}  // namespace nnc
