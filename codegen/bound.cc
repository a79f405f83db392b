#include "codegen/bound.h"

#include <cmath>

#include "ir/origin.h"

namespace nnc {

std::optional<size_t> bounding_operand(const Graph& body, const Node& node) {
  if (node.op != Op::Max && node.op != Op::Min) return std::nullopt;
  for (size_t k : {0u, 1u}) {
    std::optional<Literal> literal = literal_everywhere(body, node.operands[k]);
    if (!literal || (literal->dtype != DType::F32 && literal->dtype != DType::F64)) continue;
    if (double number = literal->as_double(); number != 0 && !std::isnan(number)) return k;
  }
  return std::nullopt;
}

loop::Val clamp(loop::Builder& b, Op op, loop::Val x, loop::Val bound) {
  return b.select(op == Op::Max ? b.lt(x, bound) : b.lt(bound, x), bound, x);
}

}  // namespace nnc
