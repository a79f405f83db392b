// Element conversion that refuses to lose anything but float precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/bind.h"

namespace nnc {
namespace {

template <class To>
bool representable(double value) {
  if constexpr (std::is_floating_point_v<To>) {
    return !std::isfinite(value) || std::isfinite(static_cast<To>(value));
  } else {
    // The upper limit itself may not be a double; one past it always is.
    constexpr double kPast = 2.0 * static_cast<double>(std::numeric_limits<To>::max() / 2 + 1);
    return value >= static_cast<double>(std::numeric_limits<To>::min()) && value < kPast &&
           value == std::floor(value);
  }
}

template <class From, class To>
bool exact(From value) {
  if constexpr (std::is_integral_v<From> && std::is_floating_point_v<To>) {
    // The way back saturates at the ends, where the comparison fails as it should.
    double there = static_cast<double>(static_cast<To>(value));
    return representable<From>(there) && static_cast<From>(there) == value;
  } else if constexpr (std::is_integral_v<From>) {
    return std::in_range<To>(value);
  } else {
    return representable<To>(static_cast<double>(value));
  }
}

/// The index of the first element that `to` cannot hold, or -1.
template <class From, class To>
int64_t convert(std::span<const From> from, std::span<To> to, bool logical) {
  for (size_t i = 0; i < from.size(); ++i) {
    if (!exact<From, To>(from[i]) || (logical && from[i] != 0 && from[i] != 1))
      return static_cast<int64_t>(i);
    to[i] = static_cast<To>(from[i]);
  }
  return -1;
}

template <class From>
int64_t convert_from(const Tensor& from, Tensor& to) {
  std::span<const From> values = from.as<From>();
  switch (to.dtype()) {
    case DType::F32:
      return convert(values, to.as<float>(), false);
    case DType::F64:
      return convert(values, to.as<double>(), false);
    case DType::I32:
      return convert(values, to.as<int32_t>(), false);
    case DType::I64:
      return convert(values, to.as<int64_t>(), false);
    case DType::U8:
      return convert(values, to.as<uint8_t>(), false);
    case DType::Bool:
      return convert(values, to.as<uint8_t>(), true);
    case DType::BF16:
      break;  // by way of f32
  }
  return 0;
}

int64_t convert_any(const Tensor& from, Tensor& to) {
  switch (from.dtype()) {
    case DType::F32:
      return convert_from<float>(from, to);
    case DType::F64:
      return convert_from<double>(from, to);
    case DType::I32:
      return convert_from<int32_t>(from, to);
    case DType::I64:
      return convert_from<int64_t>(from, to);
    case DType::U8:
    case DType::Bool:
      return convert_from<uint8_t>(from, to);
    case DType::BF16:
      break;  // by way of f32
  }
  return 0;
}

}  // namespace

Tensor convert_exactly(Tensor from, DType to, const std::string& what) {
  if (from.dtype() == to) return from;
  if (from.dtype() == DType::BF16) return convert_exactly(from.cast(DType::F32), to, what);
  if (to == DType::BF16) {
    if (!is_float(from.dtype()))
      throw Error(fmt::format("{}: {} values do not become bf16", what, name_of(from.dtype())));
    return convert_exactly(from, DType::F32, what).cast(DType::BF16);
  }
  Tensor out(to, from.shape());
  int64_t bad = convert_any(from, out);
  if (bad < 0) return out;
  int64_t row = from.count() / std::max<int64_t>(from.shape().empty() ? 1 : from.shape()[0], 1);
  throw Error(fmt::format("{}: {} cannot hold the value {} of sample {}", what, name_of(to),
                          from.literal(bad).str(), bad / std::max<int64_t>(row, 1)));
}

}  // namespace nnc
