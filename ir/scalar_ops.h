// The number ops on one element, where C++ alone does not say it: integers wrap, division never traps, and
// maximum and minimum are IEEE 754-2019's (NaN wins, -0 < +0).
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace nnc::scalar {

/// Where integer arithmetic happens: unsigned, so that overflow wraps.
template <class T>
using Wrapping = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;

template <class T>
T negate(T x) {
  return static_cast<T>(-static_cast<Wrapping<T>>(x));
}
template <class T>
T add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
T subtract(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
}
template <class T>
T multiply(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

template <class T>
T divide(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else if (b == 0) {
    return 0;
  } else if (std::is_signed_v<T> && b == static_cast<T>(-1)) {
    return negate(a);  // the one quotient that overflows is among these
  } else {
    return static_cast<T>(a / b);
  }
}

template <class T>
T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fabs(x);
  } else {
    return x < 0 ? negate(x) : x;
  }
}

template <class T>
bool is_nan(T x) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(x);
  return false;
}

template <class T>
T maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return a + b;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

template <class T>
T minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return a + b;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

}  // namespace nnc::scalar
