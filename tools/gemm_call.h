// A product of matrices as a compiled kernel that can be called over and over: what the benchmarks time.
#pragma once

#include <vector>

#include "codegen/jit.h"
#include "ir/tensor.h"

namespace nnc::tool {

/// C[m, n] = A B with sum over k; operands are stored row-major as [m, k] and [k, n], or transposed.
struct GemmShape {
  int64_t m = 1, n = 1, k = 1;
  bool lhs_transposed = false, rhs_transposed = false;
  DType dtype = DType::F32;

  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
};

loop::Kernel gemm_kernel(const GemmShape& shape, const Target& target);

/// Normally distributed numbers, the same on every run.
Tensor random_tensor(DType dtype, std::vector<int64_t> shape);

/// A kernel without symbolic extents, with memory of its own; packing is part of every call.
class KernelRun {
 public:
  /// Buffers in the order of the kernel's, scratch excluded.
  KernelRun(KernelFunction function, const loop::Kernel& kernel, std::vector<Tensor> tensors);
  void operator()();
  const Tensor& tensor(size_t i) const { return tensors_[i]; }

 private:
  KernelFunction function_;
  int64_t tasks_;
  std::vector<Tensor> tensors_;
  Tensor scratch_;
  std::vector<void*> buffers_;
  uint32_t status_ = 0;
};

/// A, B and C are tensors 0, 1 and 2.
KernelRun gemm_run(Jit& jit, const GemmShape& shape);

}  // namespace nnc::tool
