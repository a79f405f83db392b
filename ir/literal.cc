#include "ir/literal.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace nnc {

uint16_t bf16_from_float(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  bits += 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>(bits >> 16);
}

float float_from_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

namespace {

template <class T>
int64_t saturate(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<int64_t>(value);
}

}  // namespace

int64_t saturating_int(DType dtype, double value) {
  switch (dtype) {
    case DType::I32:
      return saturate<int32_t>(value);
    case DType::U8:
      return saturate<uint8_t>(value);
    case DType::Bool:
      return value != 0;
    case DType::I64:
    case DType::F32:
    case DType::F64:
    case DType::BF16:
      return saturate<int64_t>(value);
  }
  return 0;
}

Literal Literal::from_double(DType dtype, double value) {
  switch (dtype) {
    case DType::F32:
      return {dtype, std::bit_cast<uint32_t>(static_cast<float>(value))};
    case DType::F64:
      return {dtype, std::bit_cast<uint64_t>(value)};
    case DType::BF16:
      return {dtype, bf16_from_float(static_cast<float>(value))};
    case DType::I32:
    case DType::I64:
    case DType::U8:
    case DType::Bool:
      return from_int(dtype, saturating_int(dtype, value));
  }
  return {};
}

Literal Literal::from_int(DType dtype, int64_t value) {
  switch (dtype) {
    case DType::I32:
      return {dtype, static_cast<uint32_t>(value)};
    case DType::I64:
      return {dtype, static_cast<uint64_t>(value)};
    case DType::U8:
      return {dtype, static_cast<uint8_t>(value)};
    case DType::Bool:
      return {dtype, value != 0};
    case DType::F32:
      return {dtype, std::bit_cast<uint32_t>(static_cast<float>(value))};
    case DType::F64:
      return {dtype, std::bit_cast<uint64_t>(static_cast<double>(value))};
    case DType::BF16:
      return {dtype, bf16_from_float(static_cast<float>(value))};
  }
  return {};
}

double Literal::as_double() const {
  switch (dtype) {
    case DType::F32:
      return std::bit_cast<float>(static_cast<uint32_t>(bits));
    case DType::F64:
      return std::bit_cast<double>(bits);
    case DType::BF16:
      return float_from_bf16(static_cast<uint16_t>(bits));
    case DType::I32:
    case DType::I64:
    case DType::U8:
    case DType::Bool:
      return static_cast<double>(as_int());
  }
  return 0;
}

int64_t Literal::as_int() const {
  switch (dtype) {
    case DType::I32:
      return static_cast<int32_t>(bits);
    case DType::I64:
    case DType::U8:
    case DType::Bool:
      return static_cast<int64_t>(bits);
    case DType::F32:
    case DType::F64:
    case DType::BF16:
      return saturating_int(DType::I64, as_double());
  }
  return 0;
}

Literal cast_literal(Literal value, DType to) {
  if (value.dtype == to) return value;
  return is_float(value.dtype) ? Literal::from_double(to, value.as_double())
                               : Literal::from_int(to, value.as_int());
}

std::string Literal::str() const {
  if (dtype == DType::Bool) return bits ? "true" : "false";
  if (!is_float(dtype)) return std::to_string(as_int());
  double value = as_double();
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The shortest digits that read back to the same value, also through a double as readers take them.
  std::string text = fmt::format("{}", value);
  if (dtype != DType::F64) {
    std::string shorter = fmt::format("{}", static_cast<float>(value));
    double read = 0;
    std::from_chars(shorter.data(), shorter.data() + shorter.size(), read);
    if (static_cast<float>(read) == static_cast<float>(value)) text = shorter;
  }
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace nnc
