#include "ir/dtype.h"

namespace nnc {
namespace {

struct Row {
  std::string_view name;
  int64_t size;
};

// In the order of the enumeration.
constexpr Row kRows[] = {{"f32", 4}, {"f64", 8}, {"bf16", 2}, {"i32", 4}, {"i64", 8}, {"u8", 1}, {"bool", 1}};

}  // namespace

int64_t size_of(DType type) { return kRows[static_cast<int>(type)].size; }

std::string_view name_of(DType type) { return kRows[static_cast<int>(type)].name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (DType type : kAllDTypes) {
    if (name_of(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace nnc
