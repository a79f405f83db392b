// One row per layer or loss x interesting arguments, with what PyTorch makes of it. The interpreter, the gradients and
// compiled code are driven by these rows: a new layer is tested everywhere by adding one here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace nnc::test {

struct LayerCase {
  const char* inputs;      // "x: f64[2, 3], t: i32[2]"
  const char* expression;  // or statements, of which the last line is an expression
  std::vector<int64_t> shape;
  std::vector<double> values;
  int gradient_order = 2;  // the highest order for which a numeric check at inputs in [-1, 1] makes sense
};

std::span<const LayerCase> layer_cases();
/// A model whose output `result` is the expression.
std::string model_text(const LayerCase& c);
/// The graph with every param an input of its path.
Graph without_params(const Graph& g);

}  // namespace nnc::test
