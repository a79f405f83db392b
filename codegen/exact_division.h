// Division by a constant as a product and a correction, for dividends of which so few exist that all can be tried.
#pragma once

#include <optional>

#include "codegen/loop_builder.h"
#include "ir/graph.h"

namespace nnc {

/// The reciprocal of the divisor of `division` (Div in f32) where it, in place of the division, gives the same bits
/// for every dividend there can be:
///
///   q = x * reciprocal,  q + (x - q * divisor) * reciprocal        with fused multiply-adds
///
/// that is for small integers cast to f32, as pixels are, over a constant.
std::optional<float> exact_reciprocal(const Graph& body, const Node& division);

/// That form.
loop::Val divide(loop::Builder& b, loop::Val x, loop::Val divisor, float reciprocal);

}  // namespace nnc
