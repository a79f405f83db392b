// max and min with a literal: what the interpreter gives, whichever side it is on, and without a test for NaN where the
// literal allows that.
#include "codegen/bound.h"

#include <limits>
#include <regex>

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

constexpr double kInf = std::numeric_limits<double>::infinity(),
                 kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor numbers(DType dtype) {
  return Tensor::from(dtype, {20}, {0.0,  -0.0,  1.0,  -1.0,  1e-40, -1e-40, 2.0, -2.0,   1e30, -1e30,
                                    kInf, -kInf, kNaN, -kNaN, 0.5,   -0.5,   3.0, 1e-310, 4.0,  7.0});
}

Graph bounded(DType dtype, Op op, double bound, bool bound_first) {
  return graph_of({{dtype, {20}}}, [&](Builder& b, const std::vector<Value>& x) {
    Value c = b.broadcast_to(b.scalar(dtype, bound), b.shape(x[0]));
    return std::vector<Value>{bound_first ? b.binary(op, c, x[0]) : b.binary(op, x[0], c)};
  });
}

bool keeps(const loop::Kernel& kernel, Op op) {
  return std::regex_search(print(kernel), std::regex(fmt::format(" = {} .*: f", info(op).name)));
}

TEST(Bound, GivesWhatMaxAndMinDo) {
  const std::pair<double, bool> bounds[] = {{1, true},     {-0.5, true}, {kInf, true},  {-kInf, true},
                                            {1e-40, true}, {0, false},   {-0.0, false}, {kNaN, false}};
  for (const std::string& name : testable_targets()) {
    Jit jit(Target::named(name));
    for (auto [bound, known] : bounds) {
      for (DType dtype : {DType::F32, DType::F64}) {
        for (Op op : {Op::Max, Op::Min}) {
          for (bool first : {false, true}) {
            Graph g = bounded(dtype, op, bound, first), region = as_region(g, KernelKind::Pointwise);
            Tensor x = numbers(dtype), want = interpret(g, {{"x0", x}})[0];
            loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), jit.target(), {});
            EXPECT_EQ(keeps(kernel, op), !known) << bound << print(kernel);
            RegionRun run = run_region(region, kernel, jit.compile(kernel), {{"x0", x}}, {}, 1);
            EXPECT_EQ(compare(run.results[0], want, {}), "")
                << fmt::format("{} of {} {} on {}", info(op).name, name_of(dtype), bound, name);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace nnc::test
