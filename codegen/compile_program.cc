#include "codegen/compile_program.h"

#include <fmt/format.h>

#include "codegen/placement.h"
#include "codegen/program_builder.h"
#include "codegen/streaming.h"
#include "ir/error.h"

namespace nnc {
namespace {

Bindings expected_sizes(const Graph& fused, const CompileOptions& options) {
  Bindings expected = options.expected;
  for (const std::string& symbol : fused.symbols()) {
    auto it = options.max_dims.find(symbol);
    if (it == options.max_dims.end())
      throw Error(fmt::format("the largest size of dimension '{}' is not known", symbol));
    expected.try_emplace(symbol, it->second);
  }
  return expected;
}

KernelInfo info_of(const loop::Kernel& kernel, KernelFunction function) {
  KernelInfo info{.function = function,
                  .tasks = kernel.tasks,
                  .symbols = kernel.symbols,
                  .flops = kernel.flops,
                  .bytes = kernel.bytes};
  for (const loop::Buffer& b : kernel.buffers) {
    if (b.role == loop::BufferRole::Scratch) info.scratch.push_back(b);
  }
  return info;
}

ProgramBuilder planned(const Graph& fused, const CompileOptions& options) {
  Bindings expected = expected_sizes(fused, options);
  ProgramBuilder builder(options.target, expected, options.threads);
  builder.build(fused);
  builder.program().max_dims = options.max_dims;
  place(builder, options.max_dims);
  if (options.target.streams) stream_results(builder, expected);
  return builder;
}

}  // namespace

std::shared_ptr<const Program> compile_program(const Graph& fused, const CompileOptions& options,
                                               std::shared_ptr<Jit> jit) {
  ProgramBuilder builder = planned(fused, options);
  Program& program = builder.program();
  std::vector<KernelFunction> functions = jit->compile(builder.kernels());
  for (size_t i = 0; i < program.calls.size(); ++i) {
    size_t k = builder.kernel_of(i);
    program.calls[i].kernel = info_of(builder.kernels()[k], functions[k]);
  }
  program.code = std::move(jit);
  return std::make_shared<const Program>(std::move(program));
}

Program plan_program(const Graph& fused, const CompileOptions& options) {
  return std::move(planned(fused, options).program());
}

std::vector<loop::Kernel> lower_all(const Graph& fused, const CompileOptions& options) {
  ProgramBuilder builder = planned(fused, options);
  std::vector<loop::Kernel> out;
  for (size_t i = 0; i < builder.program().calls.size(); ++i) out.push_back(builder.named_kernel(i));
  return out;
}

}  // namespace nnc
