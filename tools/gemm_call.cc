#include "tools/gemm_call.h"

#include <memory>
#include <random>

#include "codegen/contraction.h"
#include "ir/builder.h"

namespace nnc::tool {

loop::Kernel gemm_kernel(const GemmShape& s, const Target& target) {
  Type a{s.dtype, s.lhs_transposed ? Shape{s.k, s.m} : Shape{s.m, s.k}};
  Type b{s.dtype, s.rhs_transposed ? Shape{s.n, s.k} : Shape{s.k, s.n}};
  Graph body, outer;
  Builder inner(body), builder(outer);
  Value lhs = inner.input("a", a), rhs = inner.input("b", b);
  Value dot = inner.contract(lhs, rhs, s.lhs_transposed ? 0 : 1, s.rhs_transposed ? 1 : 0);
  body.add_output({"c", dot});
  std::vector<Value> operands = {builder.input("a", a), builder.input("b", b)};
  RegionAttrs attrs{KernelKind::Contraction, "gemm", {std::make_shared<Graph>(body)}};
  return lower_contraction(outer, builder.add_node(Op::Region, attrs, operands)[0].node, target, {});
}

Tensor random_tensor(DType dtype, std::vector<int64_t> shape) {
  Tensor t(dtype, std::move(shape));
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, normal(rng));
  return t;
}

KernelRun::KernelRun(KernelFunction function, const loop::Kernel& kernel, std::vector<Tensor> tensors)
    : function_(function),
      tasks_(task_count(kernel, {})),
      tensors_(std::move(tensors)),
      scratch_(DType::U8, {scratch_bytes(kernel, {}) + 1}) {
  for (Tensor& t : tensors_) buffers_.push_back(t.bytes().data());
}

void KernelRun::operator()() {
  KernelCall call{buffers_.data(), nullptr, nullptr, &status_};
  function_(&call, 0, tasks_, scratch_.bytes().data());
}

KernelRun gemm_run(Jit& jit, const GemmShape& s) {
  loop::Kernel kernel = gemm_kernel(s, jit.target());
  std::vector<Tensor> tensors;
  tensors.push_back(random_tensor(s.dtype, s.lhs_transposed ? std::vector{s.k, s.m} : std::vector{s.m, s.k}));
  tensors.push_back(random_tensor(s.dtype, s.rhs_transposed ? std::vector{s.n, s.k} : std::vector{s.k, s.n}));
  tensors.push_back(Tensor(s.dtype, {s.m, s.n}));
  return KernelRun(jit.compile(kernel), kernel, std::move(tensors));
}

}  // namespace nnc::tool
