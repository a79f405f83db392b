// Random graphs, fused and unfused, region by region through the compiler, against the f64 interpreter; and the
// same bits with the tasks of every kernel split.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "passes/fuse.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"
#include "tests/support/random_graph.h"

namespace nnc::test {
namespace {

bool has_scan(const Graph& g) {
  return std::any_of(g.nodes().begin(), g.nodes().end(), [](const Node& n) { return n.op == Op::Scan; });
}

// Regions run compiled, for the `expected` sizes and with their tasks in `pieces`; leaves and reshapes between them are
// interpreted.
std::vector<Tensor> execute(Jit& jit, const Graph& fused, const RandomGraph& r, const Bindings& expected,
                            int64_t pieces) {
  std::vector<std::vector<Tensor>> values;
  for (NodeId id = 0; id < fused.size(); ++id) {
    const Node& n = fused.node(id);
    std::vector<const Tensor*> operands;
    for (Value v : n.operands) operands.push_back(&values[v.node][v.index]);
    if (n.op == Op::Input) {
      values.push_back({r.inputs.at(n.as<InputAttrs>().name)});
    } else if (n.op == Op::Region) {
      loop::Kernel kernel = lower(fused, id, jit.target(), expected);
      values.push_back(
          run_region(kernel, jit.compile(kernel), operands, n.results, r.bindings, pieces).results);
    } else {
      values.push_back(evaluate_op(n.op, n.attrs, n.results, operands, {.bindings = r.bindings}));
    }
  }
  std::vector<Tensor> out;
  for (const Output& o : fused.outputs()) out.push_back(values[o.value.node][o.value.index]);
  return out;
}

// As if nothing that has symbols stayed in a cache.
Bindings large(Bindings sizes) {
  for (auto& [symbol, size] : sizes) size = 1 << 14;
  return sizes;
}

std::string compare_scaled(const Tensor& got, const Tensor& want, double tolerance) {
  for (int64_t i = 0; i < want.count(); ++i) {
    if (!(std::abs(got.get(i) - want.get(i)) <= tolerance)) {
      return "element " + std::to_string(i) + ": " + describe(got) + " for " + describe(want);
    }
  }
  return "";
}

void check_graph(Jit& jit, uint64_t seed, DType dtype, FusionMode mode) {
  RandomGraph r = random_graph(seed, 20, dtype);
  if (has_scan(r.graph)) return;
  SCOPED_TRACE("seed " + std::to_string(seed) + (mode == FusionMode::Fused ? " fused" : " unfused"));
  std::vector<Tensor> exact = interpret(r.graph, r.inputs, {}, {Precision::F64, r.bindings});
  Graph fused = fuse(r.graph, mode);
  Bindings expected = r.bindings;
  if (seed % 2 == 1) expected = large(expected);
  std::vector<Tensor> whole = execute(jit, fused, r, expected, 1),
                      split = execute(jit, fused, r, expected, 3);
  for (size_t i = 0; i < exact.size(); ++i) {
    double tolerance = r.scales[i] * (dtype == DType::F64 ? 1e-11 : 1e-4);
    EXPECT_EQ(compare_scaled(whole[i], exact[i], tolerance), "") << "output " << i;
    EXPECT_EQ(compare_bits(split[i], whole[i]), "") << "output " << i;
  }
}

class RandomRegions : public testing::TestWithParam<std::string> {};

TEST_P(RandomRegions, AgreeWithTheInterpreter) {
  Jit jit(Target::named(GetParam()));
  for (uint64_t seed = 0; seed < 60; ++seed) {
    DType dtype = seed % 4 == 3 ? DType::F64 : DType::F32;
    check_graph(jit, seed, dtype, FusionMode::Fused);
    check_graph(jit, seed, dtype, FusionMode::Unfused);
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RandomRegions, testing::ValuesIn(testable_targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace nnc::test
