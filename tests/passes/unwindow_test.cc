// The law: the gather form equals the unwindow it replaces, for every stride, dilation, size and remainder.
#include "passes/unwindow.h"

#include <gtest/gtest.h>

#include "passes/differentiate.h"
#include "tests/passes/directional.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

struct Geometry {
  int64_t extent, size, stride, dilation;
};

constexpr Geometry kGeometries[] = {{7, 3, 1, 1},  {7, 3, 2, 1},  {8, 3, 2, 1}, {9, 2, 3, 1},
                                    {9, 1, 3, 1},  {9, 3, 1, 2},  {9, 3, 2, 2}, {11, 3, 2, 3},
                                    {12, 3, 4, 2}, {13, 2, 6, 4}, {5, 5, 2, 1}, {3, 3, 3, 1}};

int count(const Graph& g, Op op) {
  int n = 0;
  for (const Node& node : g.nodes()) n += node.op == op;
  return n;
}

// g [B, h, w, O] and w [O, C, kh, kw] give dx [B, C, H, W].
Graph data_gradient(const Geometry& h, const Geometry& w, bool weights_first) {
  auto out = [](const Geometry& g) { return (g.extent - (g.size - 1) * g.dilation - 1) / g.stride + 1; };
  Graph graph;
  Builder b(graph);
  Value dy = b.input("dy", {DType::F64, {2, out(h), out(w), 3}});
  Value weight = b.input("w", {DType::F64, {3, 4, h.size, w.size}});
  Value taps = weights_first ? b.dot(weight, dy, {{}, {}, {0}, {3}, DType::F64})
                             : b.dot(dy, weight, {{}, {}, {3}, {0}, DType::F64});
  taps = b.permute(
      taps, weights_first ? std::vector<int64_t>{3, 0, 4, 5, 1, 2} : std::vector<int64_t>{0, 3, 1, 2, 4, 5});
  Shape shape = {2, 4, h.extent, w.extent};
  graph.add_output(
      {"dx",
       b.unwindow(taps, {{2, h.size, h.stride, h.dilation}, {3, w.size, w.stride, w.dilation}}, shape)});
  return graph;
}

TEST(GatherForm, EqualsTheScatter) {
  for (size_t i = 0; i < std::size(kGeometries); ++i) {
    const Geometry &h = kGeometries[i], &w = kGeometries[(i * 5 + 3) % std::size(kGeometries)];
    for (bool weights_first : {false, true}) {
      Graph scatter = data_gradient(h, w, weights_first), gather = gather_unwindows(scatter);
      EXPECT_EQ(count(gather, Op::Unwindow), 0);
      NamedTensors inputs;
      for (NodeId id : scatter.inputs()) {
        const auto& in = scatter.node(id).as<InputAttrs>();
        std::vector<int64_t> shape;
        for (const Dim& d : in.type.shape) shape.push_back(d.value());
        inputs.emplace(in.name, uniform(shape, id + 1));
      }
      EXPECT_EQ(compare_relative(interpret(gather, inputs)[0], interpret(scatter, inputs)[0], 1e-12, 1), "")
          << i;
    }
  }
}

// One contraction per stride phase, and no value with the window's k squared factor.
TEST(GatherForm, OneContractionPerPhase) {
  EXPECT_EQ(count(gather_unwindows(data_gradient({9, 3, 1, 1}, {9, 3, 1, 1}, false)), Op::Dot), 1);
  EXPECT_EQ(count(gather_unwindows(data_gradient({9, 3, 2, 1}, {9, 3, 2, 1}, false)), Op::Dot), 4);
}

TEST(GatherForm, SymbolicExtentsOfStrideOne) {
  Graph g;
  Builder b(g);
  Dim n = Dim::symbol("N");
  Value dy = b.input("dy", {DType::F64, {n, 2}}), w = b.input("w", {DType::F64, {2, 5, 3}});
  Value taps = b.permute(b.dot(dy, w, {{}, {}, {1}, {0}, DType::F64}), {1, 0, 2});
  g.add_output({"dx", b.unwindow(taps, {{1, 3, 1, 2}}, {5, n + 4})});
  Graph gather = gather_unwindows(g);
  EXPECT_EQ(count(gather, Op::Unwindow), 0);
  NamedTensors inputs{{"dy", uniform({6, 2}, 1)}, {"w", uniform({2, 5, 3}, 2)}};
  EXPECT_EQ(compare_relative(interpret(gather, inputs)[0], interpret(g, inputs)[0], 1e-12, 1), "");
}

// A depthwise convolution has its channels as batch axes.
TEST(GatherForm, BatchAxesStay) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F64, {2, 3, 8}}), w = b.input("w", {DType::F64, {3, 4, 3}});
  Value y = b.dot(b.window(x, {{2, 3, 2, 1}}), w, {{1}, {0}, {3}, {2}, DType::F64});
  Value dy = b.input("dy", b.type(y));
  g.add_output({"dx", gradients(b, y, {x}, dy)[0]});
  Graph gather = gather_unwindows(g);
  EXPECT_EQ(count(gather, Op::Unwindow), 0);
  NamedTensors inputs{
      {"x", uniform({2, 3, 8}, 1)}, {"w", uniform({3, 4, 3}, 2)}, {"dy", uniform({3, 2, 3, 4}, 3)}};
  EXPECT_EQ(compare_relative(interpret(gather, inputs)[0], interpret(g, inputs)[0], 1e-12, 1), "");
}

TEST(GatherForm, LeavesOtherUnwindowsToTheirKernels) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {4, 3}});
  g.add_output({"y", b.unwindow(b.exp(x), {{0, 3, 1, 1}}, {6})});
  EXPECT_EQ(count(gather_unwindows(g), Op::Unwindow), 1);
}

}  // namespace
}  // namespace nnc::test
