// Random typed graphs of primitives: small shapes, some over a symbolic B, finite values of known size. For
// compiled code against the interpreter, for passes against what they were given, and for print and parse.
#pragma once

#include <vector>

#include "tests/support/op_rows.h"

namespace nnc::test {

struct RandomGraph {
  Graph graph;
  NamedTensors inputs;
  Bindings bindings;
  /// What errors of each output are relative to: a bound on every value that went into it. Rounding in f32
  /// stays well below 1e-4 of it, whatever the order of operations.
  std::vector<double> scales;
};

/// About `size` primitives with floats of type `dtype`. Ops with jumps (floor, comparisons, argmax, casts to
/// integers) only see inputs and exact functions of them, so that rounding cannot flip them.
RandomGraph random_graph(uint64_t seed, int size = 20, DType dtype = DType::F32);

}  // namespace nnc::test
