// One scalar constant. Kept and compared by its bits, so that -0 differs from +0 and NaN equals itself.
#pragma once

#include <cstdint>
#include <string>

#include "ir/dtype.h"

namespace nnc {

struct Literal {
  DType dtype = DType::F32;
  uint64_t bits = 0;  // the element's own bits, zero-extended

  /// `value` rounded to `dtype` the way `cast` rounds.
  static Literal from_double(DType dtype, double value);
  static Literal from_int(DType dtype, int64_t value);
  double as_double() const;
  int64_t as_int() const;
  /// Round-trips: 0.1, -0.0, inf, -inf, nan, 3, true.
  std::string str() const;
  bool operator==(const Literal&) const = default;
};

/// The op `cast` on one element: floats and integers become floats by rounding once (bf16 through f32), floats
/// become integers by `saturating_int`, integers wrap, and bool is != 0.
Literal cast_literal(Literal value, DType to);

/// bf16 <-> f32: rounding to nearest even, NaN kept quiet.
uint16_t bf16_from_float(float value);
float float_from_bf16(uint16_t bits);

/// Float to integer as `cast` defines it: towards zero, saturating, NaN is 0.
int64_t saturating_int(DType dtype, double value);

}  // namespace nnc
