// Products of matrices as graphs of one region, for the tests of contraction kernels: what their plans are and what they compute.
#pragma once

#include <string>
#include <vector>

#include "codegen/loop.h"
#include "codegen/target.h"
#include "ir/builder.h"
#include "tests/support/eval.h"

namespace nnc::test::contraction {

using Values = std::vector<Value>;

/// What a region computes, and the sizes it is run with.
struct Case {
  std::string name;
  std::vector<Type> inputs;
  Build build;
  std::vector<Bindings> sizes = {{}};
};

/// A graph of one region whose body the case builds.
struct Region {
  explicit Region(const Case& c, Bindings expected = {});
  loop::Kernel lower(const Target& target) const;

  Graph body, outer;
  NodeId id = 0;
  Bindings expected;
};

DotAttrs contract(int64_t lhs, int64_t rhs, DType accumulate = DType::F32);
/// C = A B with each operand stored as it is (N) or transposed (T).
Case gemm(const std::string& form, Dim m, Dim n, Dim k, DType dtype = DType::F32,
          std::vector<Bindings> sizes = {{}});
/// dW = dYt X of a batch `depth`; its moment and the weight [rows, columns] follow.
Case momentum_update(Dim depth, int64_t rows, int64_t columns, std::vector<Bindings> sizes = {{}});

/// A core's own cache is less than the weights of an update.
void with_small_cache(Target& target);

// What a kernel's plan is.
bool along_depth(const loop::Kernel& kernel);
bool in_chains(const loop::Kernel& kernel);
bool has_tail(const loop::Kernel& kernel);

}  // namespace nnc::test::contraction
