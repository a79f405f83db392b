// The op set as a table (ir/ops.def): what every pass, printer and test may ask about an op without knowing it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ir/attrs.h"

namespace nnc {

enum class Op : uint8_t {
#define NNC_OP(name, ...) name,
#include "ir/ops.def"
#undef NNC_OP
};

enum class OpClass : uint8_t {
  Leaf,
  Random,
  Unary,
  Binary,
  Ternary,
  Movement,
  Concat,
  Window,
  Index,
  Reduce,
  Dot,
  Control,
  Structure
};

/// Element types an op computes on.
enum class DTypeSet : uint8_t { Any, Number, Float, Logical };

enum Trait : uint8_t {
  kNone = 0,
  kCommutative = 1,
  kLinear = 2,     // f(a x) = a f(x) in its first operand: the transpose is its gradient
  kPredicate = 4,  // piecewise constant: the gradient is zero
  kDear = 8,       // not to be computed twice where storing it is possible
};

struct OpInfo {
  std::string_view name;
  OpClass op_class;
  int arity;           // -1: any
  size_t attrs_index;  // alternative of Attrs
  DTypeSet dtypes;
  uint8_t traits;
  std::string_view doc;
};

const OpInfo& info(Op op);
std::optional<Op> op_from_name(std::string_view name);
std::span<const Op> all_ops();
/// Default-constructed attributes of the op's own kind.
Attrs default_attrs(Op op);

inline bool has_trait(Op op, Trait trait) { return (info(op).traits & trait) != 0; }
/// One result element from the operand elements at the same place.
inline bool is_elementwise(Op op) {
  OpClass c = info(op).op_class;
  return c == OpClass::Unary || c == OpClass::Binary || c == OpClass::Ternary;
}
bool allows(DTypeSet set, DType type);

}  // namespace nnc
