// log and log1p in f32: x = 2^k (1 + f) with 1 + f in [sqrt 1/2, sqrt 2), then k ln 2 + ln(1 + f), the leading sum kept
// in two parts.
#include <limits>

#include "codegen/vector_math.h"

namespace nnc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2High = 0x1.62e4p-1;  // 16 bits: k * kLn2High is exact
constexpr double kLn2Low = 0x1.7f7d1cp-20;
constexpr int64_t kSqrtHalfBits = 0x3f3504f3;

// (ln(1 + f) - f + f^2 / 2) / f^3 on [sqrt 1/2 - 1, sqrt 2 - 1]: a minimax fit of our own, error of ln(1 + f) 2^-30.
constexpr double kLogTail[] = {0.0691568777, -0.117899016, 0.118728749,  -0.12384329, 0.142186716,
                               -0.166692525, 0.200022265,  -0.249999866, 0.333333105};

bool is_f64(Vec x) { return x.type()->getScalarSizeInBits() == 64; }

Vec to_float(Vec integer) {
  return integer.with(
      integer.ir->CreateSIToFP(integer.value, with_element(integer.type(), integer.ir->getFloatTy())));
}

// The k that puts x 2^-k into [sqrt 1/2, sqrt 2).
Vec exponent(Vec x) {
  Vec number = bits(x);
  return shift_right_arithmetic(number - number.integer(kSqrtHalfBits), 23);
}

// k ln 2 + ln(1 + f). Either k is 0 or |k ln 2| > |f|, so `rest` is what rounding `sum` lost.
Vec log_of_parts(Vec k, Vec f) {
  Vec tail = f * f * fma(f, polynomial(f, kLogTail), -0.5);
  Vec high = k * kLn2High;
  Vec sum = high + f;
  Vec rest = f - (sum - high);
  return sum + (fma(k, kLn2Low, rest) + tail);
}

// `result` where `x` is positive and finite; what the logarithm is at the edges elsewhere. One select at a time: two
// comparisons joined become a test of float classes, which is slower.
Vec with_edges(Vec x, Vec result) {
  Vec below = select(eq(x, 0), -kInf, x.number(kNan));
  return select(x > 0, select(x < kInf, result, x), below);
}

}  // namespace

Vec emit_log(Vec x) {
  if (is_f64(x)) return libm("log", {x});
  Vec denormal = x < 0x1p-126;
  Vec scaled = select(denormal, x * 0x1p25, x);
  Vec k = exponent(scaled);
  Vec f = as_float(bits(scaled) - shift_left(k, 23)) - 1;
  Vec whole = to_float(k) + select(denormal, f.number(-25), f.number(0));
  return with_edges(x, log_of_parts(whole, f));
}

// k comes from the rounded 1 + x, but f = 2^-k x + (2^-k - 1) from x itself. The factor 4 keeps 2^-k normal up to k = 128.
Vec emit_log1p(Vec x) {
  if (is_f64(x)) return libm("log1p", {x});
  Vec k = exponent(x + 1);
  Vec scale = as_float(shift_left(k.integer(129) - k, 23));
  Vec f = fma(x * 0.25, scale, fma(scale, 0.25, -1));
  Vec result = with_edges(x + 1, log_of_parts(to_float(k), f));
  return select(abs(x) < 0x1p-24, x, result);
}

}  // namespace nnc
