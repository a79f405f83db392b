#include "tests/codegen/run_kernel.h"

#include "ir/error.h"

namespace nnc::test {

using loop::Builder;
using loop::Val;

uint32_t run(Jit& jit, const loop::Kernel& kernel, std::vector<Tensor*> tensors, const Bindings& dims,
             int calls) {
  KernelFunction function = jit.compile(kernel);
  std::vector<void*> buffers;
  for (Tensor* t : tensors) buffers.push_back(t->bytes().data());
  std::vector<int64_t> symbols;
  for (const std::string& name : kernel.symbols) symbols.push_back(dims.at(name));
  std::vector<uint64_t> literals;
  for (const Literal& l : kernel.literals) literals.push_back(l.bits);
  Tensor scratch(DType::U8, {std::max<int64_t>(1, scratch_bytes(kernel, dims))});
  uint32_t status = 0;
  KernelCall call{buffers.data(), symbols.data(), literals.data(), &status};
  int64_t tasks = task_count(kernel, dims);
  for (int i = calls; i-- > 0;)
    function(&call, tasks * i / calls, tasks * (i + 1) / calls, scratch.bytes().data());
  return status;
}

loop::Kernel map_kernel(const std::vector<DType>& operands, const std::vector<DType>& results, int lanes,
                        const MapBody& body) {
  loop::Kernel kernel;
  Builder b(kernel);
  auto declare = [&](DType dtype, loop::BufferRole role) {
    int group = static_cast<int>(kernel.buffers.size());
    return b.buffer(
        {.name = "b", .dtype = dtype, .role = role, .count = Dim::symbol("N"), .alias_group = group});
  };
  for (DType t : operands) declare(t, loop::BufferRole::Operand);
  for (DType t : results) declare(t, loop::BufferRole::Result);
  auto at = [&](Val i, int width) {
    std::vector<Val> in;
    for (size_t k = 0; k < operands.size(); ++k) in.push_back(b.load(static_cast<int>(k), i, width));
    std::vector<Val> out = body(b, in);
    for (size_t k = 0; k < results.size(); ++k) b.store(static_cast<int>(operands.size() + k), i, out[k]);
  };
  Val n = b.dim(Dim::symbol("N"));
  Val whole = b.sub(n, b.irem(n, b.index(lanes)));
  b.for_each(b.index(0), whole, lanes, [&](Val i) { at(i, lanes); });
  b.for_each(whole, n, 1, [&](Val i) { at(i, 1); });
  b.finish();
  return kernel;
}

std::vector<std::string> testable_targets() {
  std::vector<std::string> out;
  for (const char* name : {"avx2", "avx512"}) {
    try {
      Target::named(name);
      out.push_back(name);
    } catch (const Error&) {
    }
  }
  if (out.empty()) out.push_back("host");
  return out;
}

}  // namespace nnc::test
