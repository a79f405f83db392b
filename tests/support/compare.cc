#include "tests/support/compare.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nnc::test {
namespace {

struct Format {
  int digits;        // bits of the significand, the hidden one included
  int min_exponent;  // of the smallest normal number
};

Format format_of(DType dtype) {
  if (dtype == DType::F64) return {53, -1022};
  if (dtype == DType::BF16) return {8, -126};
  return {24, -126};
}

double ulp_of(double x, DType dtype) {
  Format f = format_of(dtype);
  int exponent = x == 0 ? f.min_exponent : std::max(std::ilogb(x), f.min_exponent);
  return std::ldexp(1.0, exponent - f.digits + 1);
}

double rounded(double x, DType dtype) { return Literal::from_double(dtype, x).as_double(); }

std::string difference(const Tensor& got, const Tensor& want, int64_t i, const std::string& what) {
  return fmt::format("{} element {}: got {}, want {}{}", got.type_str(), i, got.literal(i).str(),
                     want.literal(i).str(), what);
}

double largest(const Tensor& t) {
  double out = 1;
  for (int64_t i = 0; i < t.count(); ++i) {
    double x = std::fabs(t.get(i));
    if (std::isfinite(x)) out = std::max(out, x);
  }
  return out;
}

bool same_class(double got, double want, DType dtype, bool check_zero) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (std::isinf(want)) return got == want;
  if (std::isinf(got)) return got == rounded(want, dtype);
  return !(check_zero && want == 0 && got == 0) || std::signbit(want) == std::signbit(got);
}

// "" or the reason the two cannot be compared at all.
std::string compare_types(const Tensor& got, const Tensor& want) {
  bool both_float = is_float(got.dtype()) && is_float(want.dtype());
  if (got.shape() == want.shape() && (both_float || got.dtype() == want.dtype())) return "";
  return fmt::format("got {}, want {}", got.type_str(), want.type_str());
}

}  // namespace

std::string compare_bits(const Tensor& got, const Tensor& want) {
  if (got == want) return "";
  if (got.dtype() != want.dtype() || got.shape() != want.shape())
    return compare_types(got, want) + " exactly";
  for (int64_t i = 0; i < got.count(); ++i) {
    if (got.literal(i) != want.literal(i)) {
      return difference(got, want, i,
                        fmt::format(" (bits {:x}, {:x})", got.literal(i).bits, want.literal(i).bits));
    }
  }
  return "";
}

double ulp_error(double got, double want, DType dtype) {
  if (got == want) return 0;
  return std::fabs(got - want) / ulp_of(want, dtype);
}

std::string compare(const Tensor& got, const Tensor& want, Tolerance tolerance) {
  std::string wrong = compare_types(got, want);
  if (!wrong.empty()) return wrong;
  if (!is_float(got.dtype())) return compare_bits(got, want);
  double scale = tolerance.of_largest ? largest(want) : 0;
  for (int64_t i = 0; i < got.count(); ++i) {
    double g = got.get(i), w = want.get(i);
    if (!same_class(g, w, got.dtype(), !tolerance.of_largest)) return difference(got, want, i, "");
    if (!std::isfinite(w) || !std::isfinite(g)) continue;
    double error =
        tolerance.of_largest ? std::fabs(g - w) / ulp_of(scale, got.dtype()) : ulp_error(g, w, got.dtype());
    bool exact = g == rounded(w, got.dtype());
    if (!exact && error > tolerance.ulps)
      return difference(got, want, i, fmt::format(" ({:.2f} ulps)", error));
  }
  return "";
}

std::string compare_relative(const Tensor& got, const Tensor& want, double relative, double floor) {
  std::string wrong = compare_types(got, want);
  if (!wrong.empty()) return wrong;
  if (!is_float(got.dtype())) return compare_bits(got, want);
  for (int64_t i = 0; i < got.count(); ++i) {
    double g = got.get(i), w = want.get(i);
    if (!same_class(g, w, got.dtype(), false)) return difference(got, want, i, "");
    if (!std::isfinite(w) || !std::isfinite(g)) continue;
    double error = std::fabs(g - w) / std::max(std::fabs(w), floor);
    if (error > relative) return difference(got, want, i, fmt::format(" (relative error {:.3g})", error));
  }
  return "";
}

}  // namespace nnc::test
