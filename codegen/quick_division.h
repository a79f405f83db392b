// Division of f32 by AVX-512's arithmetic instead of its divider: an estimate of the reciprocal, made precise, and a
// corrected product, with the bits of a division. Of use where the divider is what a loop waits for. Private to codegen.
#pragma once

#include "codegen/vec.h"

namespace nnc {

/// 1 / b, and where it is not precise enough to divide by.
struct Reciprocal {
  Vec value, imprecise;
};
Reciprocal reciprocal(Vec b);

/// a / b, rounded once and with its sign, and where it may be anything else: where the reciprocal is imprecise, where
/// a / b is between 2^-149 and 2^-125, and where a or a / b is 2^64 or more, infinite or NaN.
struct Quotient {
  Vec value, doubtful;
};
Quotient quick_quotient(Vec a, Vec b, const Reciprocal& reciprocal);

}  // namespace nnc
