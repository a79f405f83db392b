// Element types of tensors. bf16 is storage only: arithmetic on it is written as casts to and from f32.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nnc {

enum class DType : uint8_t { F32, F64, BF16, I32, I64, U8, Bool };

inline constexpr DType kAllDTypes[] = {DType::F32, DType::F64, DType::BF16, DType::I32,
                                       DType::I64, DType::U8,  DType::Bool};

/// Bytes of one stored element (bool is one byte holding 0 or 1).
int64_t size_of(DType type);
/// The name used in `.nn` text: f32, f64, bf16, i32, i64, u8, bool.
std::string_view name_of(DType type);
std::optional<DType> dtype_from_name(std::string_view name);

inline bool is_float(DType t) { return t == DType::F32 || t == DType::F64 || t == DType::BF16; }
inline bool is_integer(DType t) { return t == DType::I32 || t == DType::I64 || t == DType::U8; }

}  // namespace nnc
