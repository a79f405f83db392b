#include "ir/op.h"

#include <array>
#include <type_traits>
#include <unordered_map>

namespace nnc {
namespace {

template <class T, size_t I = 0>
constexpr size_t alternative() {
  if constexpr (std::is_same_v<std::variant_alternative_t<I, Attrs>, T>)
    return I;
  else
    return alternative<T, I + 1>();
}

constexpr OpInfo kTable[] = {
#define NNC_OP(name, text, op_class, arity, attrs, dtypes, traits, doc) \
  {text, OpClass::op_class, arity, alternative<attrs>(), DTypeSet::dtypes, (traits), doc},
#include "ir/ops.def"
#undef NNC_OP
};

constexpr Op kOps[] = {
#define NNC_OP(name, ...) Op::name,
#include "ir/ops.def"
#undef NNC_OP
};

template <size_t... I>
Attrs make_attrs(size_t index, std::index_sequence<I...>) {
  Attrs out;
  ((I == index ? (void)(out.emplace<I>()) : (void)0), ...);
  return out;
}

}  // namespace

const OpInfo& info(Op op) { return kTable[static_cast<int>(op)]; }

std::span<const Op> all_ops() { return kOps; }

std::optional<Op> op_from_name(std::string_view name) {
  for (Op op : all_ops()) {
    if (info(op).name == name) return op;
  }
  return std::nullopt;
}

Attrs default_attrs(Op op) {
  return make_attrs(info(op).attrs_index, std::make_index_sequence<std::variant_size_v<Attrs>>());
}

bool allows(DTypeSet set, DType type) {
  switch (set) {
    case DTypeSet::Any:
      return true;
    case DTypeSet::Number:
      return type != DType::Bool && type != DType::BF16;
    case DTypeSet::Float:
      return type == DType::F32 || type == DType::F64;
    case DTypeSet::Logical:
      return type == DType::Bool;
  }
  return false;
}

}  // namespace nnc
