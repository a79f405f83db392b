#include "tests/codegen/assembly.h"

#include <gtest/gtest.h>

#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using loop::Val;

// `count` running sums of products: as many accumulators live in the loop.
loop::Kernel accumulators(int count, int lanes) {
  loop::Kernel kernel;
  loop::Builder b(kernel);
  for (int i = 0; i < 2; ++i) {
    auto role = i == 0 ? loop::BufferRole::Operand : loop::BufferRole::Result;
    b.buffer({.name = "b", .dtype = DType::F32, .role = role, .alias_group = i});
  }
  Val zero = b.broadcast(b.immediate(Literal::from_double(DType::F32, 0)), lanes);
  auto sums =
      b.for_loop(b.index(0), b.dim(Dim::symbol("K")), 1, std::vector<Val>(static_cast<size_t>(count), zero),
                 [&](Val k, std::span<const Val> sums) {
                   std::vector<Val> next;
                   Val x = b.load(0, b.mul(k, b.index(lanes)), lanes);
                   for (Val sum : sums) {
                     Val y = b.load(0, b.add(k, b.index(static_cast<int64_t>(1000 * next.size()))));
                     next.push_back(b.fma(x, b.broadcast(y, lanes), sum));
                   }
                   return next;
                 });
  for (int i = 0; i < count; ++i) b.store(1, b.index(i * lanes), sums[static_cast<size_t>(i)]);
  b.finish();
  return kernel;
}

TEST(Assembly, FindsSpillsInAnFmaLoop) {
  for (const std::string& name : test::testable_targets()) {
    Target target = Target::named(name);
    if (!target.fma || target.vector_bytes < 32) GTEST_SKIP() << "no AVX2 here";
    int lanes = target.vector_bytes / 4, registers = target.vector_registers;
    std::string fits = assembly_text(accumulators(registers - 4, lanes), target);
    EXPECT_TRUE(test::no_spills(fits, target.vector_bytes)) << name;
    EXPECT_EQ(test::fma_loop(fits).count("vfmadd"), registers - 4);
    EXPECT_FALSE(
        test::no_spills(assembly_text(accumulators(registers + 8, lanes), target), target.vector_bytes));
    EXPECT_FALSE(test::no_spills(assembly_text(accumulators(4, lanes / 2), target), target.vector_bytes));
  }
}

TEST(Assembly, FindsInnermostLoops) {
  auto loops = test::inner_loops(
      "a:\n.L1:\n\tnop\n.L2: # x\n\tvfmadd231ps %zmm0, %zmm1, %zmm2\n\tjne .L2\n\tjl\t.L1\n");
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].count("vfmadd"), 1);
  EXPECT_EQ(loops[0].instructions.size(), 2u);
}

}  // namespace
}  // namespace nnc
