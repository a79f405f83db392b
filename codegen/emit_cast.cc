// Casts between element types: floats round once to nearest even (to bf16 through f32), float to integer
// truncates and saturates with NaN as 0, integers wrap, to bool is != 0.
#include <cmath>
#include <limits>

#include "codegen/emit_ops.h"

namespace nnc {
namespace {

llvm::Type* type_of(Vec x, DType dtype) { return register_type(*x.ir, {dtype, x.lanes()}); }

Vec bf16_to_f32(Vec x) {
  Vec wide = x.with(x.ir->CreateZExt(x.value, type_of(x, DType::I32)));
  return as_float(shift_left(wide, 16));
}

Vec f32_to_bf16(Vec x) {
  Vec number = bits(x);
  Vec quiet = shift_right(number, 16) | 0x40;
  Vec rounded = shift_right(number + number.integer(0x7fff) + (shift_right(number, 16) & 1), 16);
  Vec chosen = select(is_nan(x), quiet, rounded);
  return x.with(x.ir->CreateTrunc(chosen.value, type_of(x, DType::BF16)));
}

struct Range {
  double min, max;  // max is exact in f64, except 2^63 - 1, which is never reached from below
};

Range range_of(DType to) {
  if (to == DType::U8) return {0, 255};
  if (to == DType::I32) return {-0x1p31, 0x1p31 - 1};
  return {-0x1p63, 0x1p63};
}

// Clamped into range before the conversion, which is undefined outside; what was at or above the maximum,
// which floats may not hold exactly, is put right afterwards.
Vec float_to_int(Vec x, DType to) {
  Range range = range_of(to);
  bool narrow = x.type()->getScalarSizeInBits() == 32;
  double below =
      narrow ? std::nextafterf(static_cast<float>(range.max), 0.f) : std::nextafter(range.max, 0.0);
  Vec clamped = select(is_nan(x), 0, x);
  clamped = select(clamped < range.min, range.min, clamped);
  clamped = select(clamped > below, below, clamped);
  DType via = to == DType::U8 ? DType::I32 : to;
  Vec result = x.with(x.ir->CreateFPToSI(clamped.value, type_of(x, via)));
  int64_t top = to == DType::I64 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(range.max);
  Vec at_top = x.with(x.ir->CreateFCmpOGE(x.value, x.number(range.max).value));
  result = select(at_top, result.integer(top), result);
  return x.with(x.ir->CreateTrunc(result.value, type_of(x, to)));
}

Vec float_to_float(Vec x, DType to) {
  if (to == DType::F64) return to_f64(x);
  return x.type()->getScalarSizeInBits() == 64 ? to_f32(x) : x;
}

Vec int_to_float(Vec x, DType from, DType to) {
  bool is_signed = from == DType::I32 || from == DType::I64;
  llvm::Type* type = type_of(x, to);
  return x.with(is_signed ? x.ir->CreateSIToFP(x.value, type) : x.ir->CreateUIToFP(x.value, type));
}

Vec to_bool(Vec x) {
  llvm::Value* zero = llvm::Constant::getNullValue(x.type());
  return x.with(x.is_float() ? x.ir->CreateFCmpUNE(x.value, zero) : x.ir->CreateICmpNE(x.value, zero));
}

}  // namespace

Vec emit_cast(Vec x, DType from, DType to) {
  if (from == to) return x;
  if (from == DType::BF16) return emit_cast(bf16_to_f32(x), DType::F32, to);
  if (to == DType::BF16) return f32_to_bf16(emit_cast(x, from, DType::F32));
  if (to == DType::Bool) return to_bool(x);
  if (x.is_float()) return is_float(to) ? float_to_float(x, to) : float_to_int(x, to);
  if (is_float(to)) return int_to_float(x, from, to);
  bool is_signed = from == DType::I32 || from == DType::I64;
  return x.with(x.ir->CreateIntCast(x.value, type_of(x, to), is_signed));
}

}  // namespace nnc
