// max and min with a number that is known when code is made, as one comparison and a choice, for which machines have one
// instruction. Of any two numbers they are more: NaN wins on either side, and +0 is above -0.
#pragma once

#include <optional>

#include "codegen/loop_builder.h"
#include "ir/graph.h"

namespace nnc {

/// Which operand of `node`, a max or min of f32 or f64, is a number other than zero everywhere.
std::optional<size_t> bounding_operand(const Graph& body, const Node& node);

/// max or min of x and such a bound: the bound where x is below (above) it, and else x, NaN too.
loop::Val clamp(loop::Builder& b, Op op, loop::Val x, loop::Val bound);

}  // namespace nnc
