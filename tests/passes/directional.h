// Gradient checks by one inner product (as JAX does it): for L = sum of <y, c> with random c, and a random
// direction v, the derivative of L along v by central differences must be <dL/dx, v>. Order 2 does the same
// for <dL/dx, d>.
#pragma once

#include "tests/support/eval.h"

namespace nnc::test {

/// "" when the gradients of `build` at `inputs` (f64, others are held fixed) hold up to `order`, else what
/// differs.
std::string check_derivatives(const std::vector<Tensor>& inputs, const Build& build, int order = 2,
                              const Bindings& bindings = {});

/// Uniform in [low, high), f64.
Tensor uniform(std::vector<int64_t> shape, uint64_t seed, double low = -1, double high = 1);

}  // namespace nnc::test
