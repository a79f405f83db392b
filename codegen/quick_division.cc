#include "codegen/quick_division.h"

#include "codegen/avx512.h"

namespace nnc {

// The error of an estimate leaves e below 2^-14, so that e + e^2 makes a reciprocal of it whose own error is that of
// rounding. Of all pairs of mantissas one alone would be divided wrongly, 1 by 2 - 2^-23, did e + e^2 not round up.
Reciprocal reciprocal(Vec b) {
  Vec estimate = estimated_reciprocal(b), e = fma(-b, estimate, 1);
  Vec value = fma(estimate, fma_upward(e, e, e), estimate);
  return {value, is_denormal(value)};
}

// The remainder is exact as long as nothing in it is denormal, for which the dividend is scaled. That of 0 is +0, which
// could take its sign from a quotient of -0. Scaling back rounds again if the result is denormal: a bit is kept
// between those and the quotients that are believed.
Quotient quick_quotient(Vec a, Vec b, const Reciprocal& reciprocal) {
  Vec y = reciprocal.value, scaled = a * 0x1p64, product = scaled * y;
  Vec corrected = fma(fma(-b, product, scaled), y, product);
  Vec q = select(ne(a, a.number(0)), corrected, product);
  return {q * 0x1p-64, reciprocal.imprecise | is_denormal_or_not_finite(q * 0x1p-65)};
}

}  // namespace nnc
