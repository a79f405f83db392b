// Bytes over constants: the same bits as a division, for every byte, whether or not the shorter form is taken.
#include "codegen/exact_division.h"

#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codegen/jit.h"
#include "codegen/lower.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

Graph bytes_over(float divisor) {
  return graph_of({{DType::U8, {256}}}, [&](Builder& b, const std::vector<Value>& x) {
    return std::vector<Value>{b.div(b.cast(x[0], DType::F32), b.scalar(DType::F32, divisor))};
  });
}

bool divides(const loop::Kernel& kernel) { return print(kernel).find(" div ") != std::string::npos; }

TEST(ExactDivision, GivesTheBitsOfADivision) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::pair<float, bool> rows[] = {{255, true},     {127.5F, true}, {3, true},
                                         {-7, true},      {0.1F, true},   {0, false},
                                         {1e-39F, false}, {kInf, false},  {3e38F, true}};
  Tensor bytes = counting(DType::U8, {256});
  for (auto [divisor, shorter] : rows) {
    Graph g = bytes_over(divisor);
    Tensor want = interpret(g, {{"x0", bytes}})[0];
    Graph region = as_region(g, KernelKind::Pointwise);
    for (const std::string& name : testable_targets()) {
      Jit jit(Target::named(name));
      loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), jit.target(), {});
      EXPECT_EQ(divides(kernel), !shorter) << divisor << print(kernel);
      RegionRun run = run_region(region, kernel, jit.compile(kernel), {{"x0", bytes}}, {}, 1);
      EXPECT_EQ(compare_bits(run.results[0], want), "") << fmt::format("over {} on {}", divisor, name);
    }
  }
}

// A float may be anything, and an integer too large to try all.
TEST(ExactDivision, TakesOnlyWhatCanBeTried) {
  for (DType dtype : {DType::F32, DType::I32}) {
    Graph g = graph_of({{dtype, {8}}}, [](Builder& b, const std::vector<Value>& x) {
      return std::vector<Value>{b.div(b.cast(x[0], DType::F32), b.scalar(DType::F32, 255))};
    });
    EXPECT_EQ(exact_reciprocal(g, g.node(g.outputs()[0].value)), std::nullopt);
  }
}

}  // namespace
}  // namespace nnc::test
