// Finds what each symbolic dimension stands for from the shapes a caller provides: B from an input f32[B,
// 784] that arrives as [64, 784]. A shape that fits no binding is an Error naming the value and both shapes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/type.h"

namespace nnc {

/// A declared type and the shape that was given for it; `name` is how messages call it ("input 'image'").
struct GivenShape {
  std::string name;
  Type type;
  std::vector<int64_t> shape;
};

/// Solves extents that are linear in one unknown symbol, repeatedly, starting from `known`; then checks every
/// extent. Symbols that cannot be solved for stay unbound.
Bindings bind_symbols(std::span<const GivenShape> given, Bindings known = {});

/// Every extent evaluated; an Error names an unbound symbol.
std::vector<int64_t> evaluate(const Shape& shape, const Bindings& bindings);
/// How many elements the shape has at these extents; allocates nothing.
int64_t element_count(const Shape& shape, const Bindings& bindings);

}  // namespace nnc
