// From an element type at run time to a C++ type at compile time: visit_number(dtype, [&](auto zero) { using
// T = decltype(zero); ... }). One visitor per set of types an op may be defined on.
#pragma once

#include <cassert>
#include <cstdint>

#include "ir/dtype.h"

namespace nnc {

template <class F>
void visit_float(DType dtype, F f) {
  assert(dtype == DType::F32 || dtype == DType::F64);
  if (dtype == DType::F32) return f(float{});
  return f(double{});
}

template <class F>
void visit_integer(DType dtype, F f) {
  assert(is_integer(dtype));
  if (dtype == DType::I32) return f(int32_t{});
  if (dtype == DType::I64) return f(int64_t{});
  return f(uint8_t{});
}

template <class F>
void visit_number(DType dtype, F f) {
  if (is_integer(dtype)) return visit_integer(dtype, f);
  visit_float(dtype, f);
}

/// The type elements are stored as: for ops that only move them. bf16 and bool come as their bits.
template <class F>
void visit_element(DType dtype, F f) {
  switch (dtype) {
    case DType::F32:
      return f(float{});
    case DType::F64:
      return f(double{});
    case DType::BF16:
      return f(uint16_t{});
    case DType::I32:
      return f(int32_t{});
    case DType::I64:
      return f(int64_t{});
    case DType::U8:
    case DType::Bool:
      return f(uint8_t{});
  }
}

}  // namespace nnc
