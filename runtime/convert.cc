#include "runtime/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"

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

template <class From, class To>
int64_t convert_to(std::span<const From> from, std::byte* into, bool logical) {
  return convert(from, std::span(reinterpret_cast<To*>(into), from.size()), logical);
}

template <class From>
int64_t convert_from(const std::byte* values, DType to, std::byte* into, size_t count) {
  std::span from(reinterpret_cast<const From*>(values), count);
  switch (to) {
    case DType::F32:
      return convert_to<From, float>(from, into, false);
    case DType::F64:
      return convert_to<From, double>(from, into, false);
    case DType::I32:
      return convert_to<From, int32_t>(from, into, false);
    case DType::I64:
      return convert_to<From, int64_t>(from, into, false);
    case DType::U8:
      return convert_to<From, uint8_t>(from, into, false);
    case DType::Bool:
      return convert_to<From, uint8_t>(from, into, true);
    case DType::BF16:
      break;  // by way of f32
  }
  return 0;
}

}  // namespace

int64_t convert_elements(DType from, const std::byte* values, DType to, std::byte* into, size_t count) {
  switch (from) {
    case DType::F32:
      return convert_from<float>(values, to, into, count);
    case DType::F64:
      return convert_from<double>(values, to, into, count);
    case DType::I32:
      return convert_from<int32_t>(values, to, into, count);
    case DType::I64:
      return convert_from<int64_t>(values, to, into, count);
    case DType::U8:
    case DType::Bool:
      return convert_from<uint8_t>(values, to, into, count);
    case DType::BF16:
      break;  // by way of f32
  }
  return 0;
}

void throw_inexact(const std::string& what, DType from, const std::byte* value, DType to, int64_t sample) {
  Literal literal{from, 0};
  std::memcpy(&literal.bits, value, static_cast<size_t>(size_of(from)));
  throw Error(
      fmt::format("{}: {} cannot hold the value {} of sample {}", what, name_of(to), literal.str(), sample));
}

Tensor convert_exactly(Tensor from, DType to, const std::string& what) {
  if (from.dtype() == to) return from;
  if (from.dtype() == DType::BF16) return convert_exactly(from.cast(DType::F32), to, what);
  if (to == DType::BF16) {
    if (!is_float(from.dtype()))
      throw Error(fmt::format("{}: {} values do not become bf16", what, name_of(from.dtype())));
    return convert_exactly(from, DType::F32, what).cast(DType::BF16);
  }
  Tensor out(to, from.shape());
  int64_t bad = convert_elements(from.dtype(), from.bytes().data(), to, out.bytes().data(),
                                 static_cast<size_t>(from.count()));
  if (bad < 0) return out;
  int64_t row = from.count() / std::max<int64_t>(from.shape().empty() ? 1 : from.shape()[0], 1);
  throw_inexact(what, from.dtype(), from.bytes().data() + bad * size_of(from.dtype()), to,
                bad / std::max<int64_t>(row, 1));
}

}  // namespace nnc
