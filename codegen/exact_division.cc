#include "codegen/exact_division.h"

#include <bit>
#include <cmath>

#include "ir/origin.h"

namespace nnc {
namespace {

bool agrees(float x, float divisor, float reciprocal) {
  float q = x * reciprocal;
  float corrected = std::fma(std::fma(-q, divisor, x), reciprocal, q);
  return std::bit_cast<uint32_t>(corrected) == std::bit_cast<uint32_t>(x / divisor);
}

}  // namespace

std::optional<float> exact_reciprocal(const Graph& body, const Node& division) {
  if (division.op != Op::Div || !is_byte_in_f32(body, division.operands[0])) return std::nullopt;
  std::optional<Literal> divisor = literal_everywhere(body, division.operands[1]);
  if (!divisor) return std::nullopt;
  auto c = static_cast<float>(divisor->as_double());
  float reciprocal = 1 / c;
  for (int x = 0; x < 256; ++x) {
    if (!agrees(static_cast<float>(x), c, reciprocal)) return std::nullopt;
  }
  return reciprocal;
}

loop::Val divide(loop::Builder& b, loop::Val x, loop::Val divisor, float reciprocal) {
  loop::Val r = b.literal(Literal::from_double(DType::F32, reciprocal)), q = b.mul(x, r);
  return b.fma(b.fma(b.apply(Op::Neg, {q}), divisor, x), r, q);
}

}  // namespace nnc
