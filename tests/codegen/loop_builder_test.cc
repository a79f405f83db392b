// What the builder of the loop form leaves out.
#include "codegen/loop_builder.h"

#include <gtest/gtest.h>

namespace nnc::test {
namespace {

using loop::Builder;
using loop::Val;

TEST(LoopBuilder, SelectsByAConstantAreTheirOperand) {
  loop::Kernel kernel;
  Builder b(kernel);
  Val one = b.immediate(Literal::from_double(DType::F32, 1)),
      two = b.immediate(Literal::from_double(DType::F32, 2));
  Val always = b.immediate(Literal::from_int(DType::Bool, 1)),
      never = b.immediate(Literal::from_int(DType::Bool, 0));
  EXPECT_EQ(b.select(always, one, two), one);
  EXPECT_EQ(b.select(never, one, two), two);
  EXPECT_EQ(b.select(always, one, b.broadcast(two, 8)), b.broadcast(one, 8));
  EXPECT_EQ(b.select(never, b.broadcast(one, 8), two), b.broadcast(two, 8));

  Val open = b.lt(b.task_begin(), b.task_end());
  EXPECT_EQ(b.constant(open), std::nullopt);
  Val chosen = b.select(open, one, two);
  EXPECT_NE(chosen, one);
  EXPECT_NE(chosen, two);
}

}  // namespace
}  // namespace nnc::test
