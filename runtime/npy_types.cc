#include "runtime/npy_types.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

/// IEEE 754's binary16: a sign, 5 bits of exponent, 10 of fraction. f32 holds each.
struct Half {
  uint16_t bits;

  operator float() const {
    uint32_t sign = uint32_t{bits} >> 15 << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    float small = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -small : small;
  }
};

/// A byte that is true unless it is 0.
struct Truth {
  uint8_t byte;
  operator uint8_t() const { return byte != 0; }
};

template <class T>
T load(const std::byte* from, bool swapped) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, from, sizeof(T));
  if (swapped) std::ranges::reverse(bytes);
  T out;
  std::memcpy(&out, bytes, sizeof(T));
  return out;
}

template <class From, class To>
void read(std::span<const std::byte> from, bool swapped, Tensor& to, const std::string& what) {
  const std::byte* next = from.data();
  for (To& element : to.as<To>()) {
    From value = load<From>(next, swapped);
    if constexpr (std::is_same_v<From, uint64_t>) {
      if (value > std::numeric_limits<int64_t>::max())
        throw Error(fmt::format("{}: the value {} does not fit i64", what, value));
    }
    element = static_cast<To>(value);
    next += sizeof(From);
  }
}

constexpr NpyType kTypes[] = {
    {"f4", DType::F32, 4, read<float, float>},      {"f8", DType::F64, 8, read<double, double>},
    {"f2", DType::F32, 2, read<Half, float>},       {"i4", DType::I32, 4, read<int32_t, int32_t>},
    {"i8", DType::I64, 8, read<int64_t, int64_t>},  {"u1", DType::U8, 1, read<uint8_t, uint8_t>},
    {"b1", DType::Bool, 1, read<Truth, uint8_t>},   {"i1", DType::I32, 1, read<int8_t, int32_t>},
    {"i2", DType::I32, 2, read<int16_t, int32_t>},  {"u2", DType::I32, 2, read<uint16_t, int32_t>},
    {"u4", DType::I64, 4, read<uint32_t, int64_t>}, {"u8", DType::I64, 8, read<uint64_t, int64_t>}};

}  // namespace

std::span<const NpyType> npy_types() { return kTypes; }

}  // namespace nnc
