// Gradient checks along one random direction: for L(x) = <c, op(x)> with random c and direction v,
// (L(x + h v) - L(x - h v)) / 2h must be <dL/dx, v>. Order 2 checks <d, dL/dx> as the L of another round.
#pragma once

#include <functional>
#include <string>

#include "tests/support/op_rows.h"

namespace nnc::test {

/// d scalar / d wrt[i], each of the type of wrt[i].
using Gradients = std::function<std::vector<Value>(Builder&, Value scalar, const std::vector<Value>& wrt)>;

/// "" when the gradient of this order holds in f64, else both numbers. Order is 1 or 2.
std::string check_gradient(const OpRow& row, const Bindings& bindings, int order, uint64_t seed,
                           const Gradients& gradients);

}  // namespace nnc::test
