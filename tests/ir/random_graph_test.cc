// Random graphs are a tool of other tests; here: that they are varied, finite, and well conditioned.
#include "tests/support/random_graph.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace nnc::test {
namespace {

TEST(RandomGraph, SameSeedSameGraph) {
  RandomGraph a = random_graph(3), b = random_graph(3), c = random_graph(4);
  EXPECT_TRUE(a.graph.same_structure(b.graph));
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_FALSE(a.graph.same_structure(c.graph));
}

TEST(RandomGraph, ValuesAreFiniteAndRoundingStaysSmall) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RandomGraph r = random_graph(seed);
    std::vector<Tensor> own = interpret(r.graph, r.inputs, {}, {Precision::Own, r.bindings});
    std::vector<Tensor> exact = interpret(r.graph, r.inputs, {}, {Precision::F64, r.bindings});
    ASSERT_FALSE(own.empty());
    for (size_t i = 0; i < own.size(); ++i) {
      for (int64_t k = 0; k < exact[i].count(); ++k) ASSERT_TRUE(std::isfinite(exact[i].get(k))) << seed;
      EXPECT_EQ(compare_relative(own[i], exact[i], 2e-5, r.scales[i]), "")
          << "seed " << seed << " output " << i;
    }
  }
}

TEST(RandomGraph, CoversNearlyEveryOp) {
  std::set<Op> seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RandomGraph r = random_graph(seed);
    for (const Node& n : r.graph.nodes()) seen.insert(n.op);
  }
  const std::set<Op> absent{Op::Param, Op::Extent, Op::Random,
                            Op::Region};  // state, seeds, and a pass's result
  for (Op op : all_ops()) EXPECT_EQ(seen.count(op), 1 - absent.count(op)) << info(op).name;
}

}  // namespace
}  // namespace nnc::test
