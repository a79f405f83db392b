// The reference interpreter: the definition of every op, by plain loops over host tensors. Compiled code is
// tested against it. What the op table leaves open is decided here:
//
//   f32 functions    exp, tanh, pow ... are computed in f64 and rounded once; + - * / sqrt are IEEE in the type
//   dot              each element is one chain acc = fma(a, b, acc) from +0, in K order: the contracted axes in
//                    lhs_contract order, row-major; a and b are converted to `accumulate` first
//   reduce           one fold per output from the identity, in row-major order of the reduced axes
//   unwindow         one sum per output from +0, in row-major order of the operand
//   max_sumexp       merging (m, s) and (n, t): the scale of s is 1 where m equals the maximum, infinities included
//   argmax, argmin   -0 equals +0
//   gather           from an empty axis gives zeros; scatter_add into one gives nothing
//
// In F64 precision every float of any type is an f64: inputs, params, literals and random numbers are widened
// and nothing is rounded to a narrower type, so the result is what the graph means in (nearly) real
// arithmetic.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/tensor.h"

namespace nnc {

using NamedTensors = std::map<std::string, Tensor>;

enum class Precision : uint8_t { Own, F64 };

/// An index of a gather or scatter_add outside its axis: the first one of each run of the node.
struct IndexFault {
  Op op;
  std::string scope;  // "blocks.3.embedding"; empty at the root
  Loc loc;
  int64_t index = 0, extent = 0;
  std::string str() const;
};

struct InterpretOptions {
  Precision precision = Precision::Own;
  Bindings bindings;                          // known before any shape is looked at
  std::vector<IndexFault>* faults = nullptr;  // where they go; without it a fault is an Error
};

/// The outputs in the graph's order, state writes among them. `inputs` by name, `params` by path; what the
/// graph does not mention is ignored. Throws Error for a missing tensor, a wrong element type (F64 precision
/// takes f64 for any float), shapes that no binding of the symbols fits, or sizes that turn out impossible.
std::vector<Tensor> interpret(const Graph& graph, const NamedTensors& inputs, const NamedTensors& params = {},
                              const InterpretOptions& options = {});

/// One op on tensors: what constant folding and rule tests need. `results` are the types `infer` gives.
std::vector<Tensor> evaluate_op(Op op, const Attrs& attrs, const std::vector<Type>& results,
                                const std::vector<const Tensor*>& operands,
                                const InterpretOptions& options = {});

}  // namespace nnc
