// Elementwise primitives, casts, lane reductions, index division and random words as LLVM IR, on scalars and
// vectors alike. Private to codegen.
#pragma once

#include <span>

#include "codegen/vec.h"

namespace nnc {

/// `op` lane by lane. `from` is the element type of the last operand (which decides signedness), `to` that of
/// the result.
Vec emit_apply(Op op, DType from, DType to, std::span<const Vec> args);
/// Casts as `ir/literal.h` defines them.
Vec emit_cast(Vec x, DType from, DType to);
/// Folds lanes: lane i with lane i + n/2 until one is left, the same tree on every target. The number of
/// lanes is a power of two.
Vec emit_reduce_lanes(Op op, DType dtype, Vec x);
/// Quotient and remainder of non-negative i64 below 2^52 by positive ones.
Vec emit_index_div(Vec a, Vec b);
Vec emit_index_rem(Vec a, Vec b);
/// Word `word` of Philox4x32-10 under `key`, counter words {block, counter}; i64 in and out.
Vec emit_philox(Vec key, Vec block, Vec counter, int word);

}  // namespace nnc
