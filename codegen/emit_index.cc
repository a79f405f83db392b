// Integer helpers of addressing and randomness: division of indices and the Philox rounds.
#include "codegen/emit_ops.h"

#include <optional>

#include <llvm/IR/Constants.h>

namespace nnc {
namespace {

// Vectors of 64-bit integers have no division, f64 has. Both operands are below 2^52, so they convert
// exactly, and the rounded quotient never reaches the next integer: it would have to close a gap of 1/b,
// which is at least 2^-52 of a/b. The conversions place the integer in the mantissa of 2^52.
constexpr double kTwo52 = 0x1p52;

Vec index_to_f64(Vec a) {
  Vec two52 = a.integer(0x4330000000000000);
  return as_float(a | two52) - kTwo52;
}

Vec f64_to_index(Vec a) { return bits(a + kTwo52) & 0x000fffffffffffff; }

struct Divided {
  Vec quotient, remainder;
};

Divided divide(Vec a, Vec b) {
  Vec x = index_to_f64(a), y = index_to_f64(b);
  Vec q = floor(x / y);
  return {f64_to_index(q), f64_to_index(fma(-q, y, x))};
}

/// The exponent where every lane of an index is the same power of two.
std::optional<int> power_of_two(Vec b) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(b.value);
  const auto* lane =
      constant ? llvm::dyn_cast_or_null<llvm::ConstantInt>(constant->getSplatValue()) : nullptr;
  if (lane == nullptr || !lane->getValue().isPowerOf2()) return std::nullopt;
  return lane->getValue().logBase2();
}

}  // namespace

Vec emit_index_div(Vec a, Vec b) {
  if (a.lanes() > 1) {
    std::optional<int> exponent = power_of_two(b);
    return exponent ? shift_right(a, *exponent) : divide(a, b).quotient;
  }
  return a.with(a.ir->CreateUDiv(a.value, b.value));
}

Vec emit_index_rem(Vec a, Vec b) {
  if (a.lanes() > 1) {
    std::optional<int> exponent = power_of_two(b);
    return exponent ? a & ((int64_t{1} << *exponent) - 1) : divide(a, b).remainder;
  }
  return a.with(a.ir->CreateURem(a.value, b.value));
}

// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Every word is an i64
// below 2^32, so a round's products are plain 64-bit multiplications.
Vec emit_philox(Vec key, Vec block, Vec counter, int word) {
  constexpr int64_t kLow = 0xffffffff;
  Vec c[] = {block & kLow, shift_right(block, 32), counter & kLow, shift_right(counter, 32)};
  Vec k0 = key & kLow, k1 = shift_right(key, 32);
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      k0 = (k0 + k0.integer(0x9E3779B9)) & kLow;
      k1 = (k1 + k1.integer(0xBB67AE85)) & kLow;
    }
    Vec p0 = c[0] * c[0].integer(0xD2511F53), p1 = c[2] * c[2].integer(0xCD9E8D57);
    Vec next[] = {shift_right(p1, 32) ^ c[1] ^ k0, p1 & kLow, shift_right(p0, 32) ^ c[3] ^ k1, p0 & kLow};
    std::copy(std::begin(next), std::end(next), c);
  }
  return c[word];
}

}  // namespace nnc
