// Comparing tensors. Each function returns "" when they agree, else a line saying where they do not.
#pragma once

#include <string>

#include "tests/support/op_rows.h"

namespace nnc::test {

/// The same type, shape and bits.
std::string compare_bits(const Tensor& got, const Tensor& want);

/// |got - want| in units of the last place of `dtype` at `want` (which may be known more precisely than
/// that).
double ulp_error(double got, double want, DType dtype);

/// `want` may be f64 where `got` is a narrower float. NaN equals NaN; an infinity is met only by itself, or
/// by a value that rounds to it; without `of_largest` a zero must have the right sign. Integers and bools
/// must be equal.
std::string compare(const Tensor& got, const Tensor& want, Tolerance tolerance);

/// |got - want| <= relative * max(|want|, floor), elementwise.
std::string compare_relative(const Tensor& got, const Tensor& want, double relative, double floor = 1e-30);

}  // namespace nnc::test
