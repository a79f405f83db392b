#include "passes/split_reductions.h"

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/interpreter.h"
#include "passes/fuse.h"

namespace nnc {
namespace {

Graph fold_of(Monoid monoid, const Shape& shape, bool squared) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, shape});
  std::vector<int64_t> axes;
  for (size_t i = 0; i < shape.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  g.add_output({"y", b.reduce(monoid, squared ? b.mul(x, x) : x, axes)});
  return g;
}

size_t count_of(const Graph& g, Op op) {
  size_t count = 0;
  for (const Node& n : g.nodes()) count += n.op == op;
  return count;
}

size_t folds(const Graph& g) { return count_of(g, Op::Reduce); }

TEST(SplitReductions, GivesWhatOneStepGives) {
  for (const std::vector<int64_t>& extents : {std::vector<int64_t>{1 << 20}, {3, 349526}, {48, 25000}}) {
    Tensor x(DType::F32, extents);
    for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(i * 31 % 1009) / 64 - 4);
    Shape shape(extents.begin(), extents.end());
    for (Monoid monoid : {Monoid::Add, Monoid::Max, Monoid::Min}) {
      Graph g = fold_of(monoid, shape, true);
      InterpretOptions exact{Precision::F64, {}, nullptr};
      double want = interpret(g, {{"x", x}}, {}, exact)[0].get(0);
      EXPECT_NEAR(interpret(split_reductions(g), {{"x", x}}, {}, exact)[0].get(0), want, 1e-12 * want);
    }
  }
}

TEST(SplitReductions, LeavesSmallAndSymbolicOnesAlone) {
  EXPECT_EQ(folds(split_reductions(fold_of(Monoid::Add, {1 << 20}, false))), 2u);
  EXPECT_EQ(folds(split_reductions(fold_of(Monoid::Add, {64, 32768}, false))), 2u);
  EXPECT_EQ(folds(split_reductions(fold_of(Monoid::Add, {1 << 19}, false))), 1u);
  EXPECT_EQ(folds(split_reductions(fold_of(Monoid::Add, {Dim::symbol("B"), 4096}, false))), 1u);
  EXPECT_EQ(folds(split_reductions(fold_of(Monoid::Add, {1048573}, false))), 1u);  // a prime
}

TEST(SplitReductions, KeepsWhatFeedsThemInTheirKernel) {
  Graph g = fold_of(Monoid::Add, {64, 32768}, true);
  EXPECT_EQ(count_of(fuse(g), Op::Region), 1u);
  EXPECT_EQ(count_of(fuse(split_reductions(g)), Op::Region), 2u);
}

}  // namespace
}  // namespace nnc
