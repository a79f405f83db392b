#include "codegen/jit.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using loop::Builder;
using loop::Val;

loop::Kernel scaled(double factor) {
  return test::map_kernel({DType::F32}, {DType::F32}, 8, [&](Builder& b, std::span<const Val> in) {
    return std::vector{b.mul(in[0], b.literal(Literal::from_double(DType::F32, factor)))};
  });
}

TEST(Jit, CompilesKernelsThatDifferInLiteralsOnce) {
  Jit jit(Target::host(), 2);
  std::vector<loop::Kernel> kernels = {scaled(3), scaled(5)};
  std::vector<KernelFunction> functions = jit.compile(kernels);
  EXPECT_EQ(functions[0], functions[1]);
  EXPECT_EQ(jit.functions(), 1u);
  EXPECT_GT(jit.compile_seconds(), 0);
  for (double factor : {3, 5}) {
    Tensor x = Tensor::filled({11}, Literal::from_double(DType::F32, 2)), y(DType::F32, {11});
    test::run(jit, scaled(factor), {&x, &y}, {{"N", 11}});
    EXPECT_EQ(y, Tensor::filled({11}, Literal::from_double(DType::F32, 2 * factor)));
  }
  EXPECT_EQ(jit.functions(), 1u);
}

TEST(Jit, CompilesManyFunctionsOnSeveralThreads) {
  Jit jit(Target::host(), 4);
  std::vector<loop::Kernel> kernels;
  for (int lanes : {1, 2, 4, 8, 16, 32}) {
    kernels.push_back(test::map_kernel(
        {DType::F32}, {DType::F32}, lanes,
        [&](Builder& b, std::span<const Val> in) { return std::vector{b.add(in[0], in[0])}; }));
  }
  jit.compile(kernels);
  EXPECT_EQ(jit.functions(), kernels.size());
  for (const loop::Kernel& k : kernels) {
    Tensor x = Tensor::filled({37}, Literal::from_double(DType::F32, 4)), y(DType::F32, {37});
    test::run(jit, k, {&x, &y}, {{"N", 37}});
    EXPECT_EQ(y, Tensor::filled({37}, Literal::from_double(DType::F32, 8)));
  }
}

TEST(Jit, ShowsWhatItCompiles) {
  EXPECT_NE(llvm_text(scaled(3), Target::host()).find("fmul <8 x float>"), std::string::npos);
  EXPECT_NE(assembly_text(scaled(3), Target::host()).find("kernel:"), std::string::npos);
}

TEST(Target, RefusesUnknownNames) { EXPECT_THROW(Target::named("z80"), Error); }

TEST(Target, NarrowsToAvx2) {
  if (Target::host().vector_bytes < 32) GTEST_SKIP() << "no AVX2 here";
  EXPECT_EQ(Target::named("avx2").vector_bytes, 32);
  EXPECT_EQ(Target::named("avx2").vector_registers, 16);
}

}  // namespace
}  // namespace nnc
