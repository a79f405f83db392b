// Fusion must not change what a graph means: fused and unfused forms of random graphs and of every op row give the
// interpreter's own bits. What shares a kernel is checked by the lists of regions of small graphs.
#include "passes/fuse.h"

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/interpreter.h"
#include "passes/rewrite.h"
#include "tests/support/compare.h"
#include "tests/support/op_rows.h"
#include "tests/support/random_graph.h"

namespace nnc {
namespace {

using test::compare_bits;

void expect_same(const Graph& graph, const Graph& fused, const NamedTensors& inputs,
                 const NamedTensors& params, const Bindings& bindings) {
  std::vector<IndexFault> faults;
  InterpretOptions options{.bindings = bindings, .faults = &faults};
  std::vector<Tensor> want = interpret(graph, inputs, params, options),
                      got = interpret(fused, inputs, params, options);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(compare_bits(got[i], want[i]), "") << graph.outputs()[i].name;
}

TEST(Fuse, KeepsTheMeaningOfRandomGraphs) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomGraph g = test::random_graph(seed);
    for (FusionMode mode : {FusionMode::Fused, FusionMode::Unfused}) {
      expect_same(g.graph, fuse(g.graph, mode), g.inputs, {}, g.bindings);
    }
  }
}

TEST(Fuse, KeepsTheMeaningOfEveryOpRow) {
  for (const test::OpRow& row : test::op_rows()) {
    SCOPED_TRACE(row.name);
    for (const test::RowCase& c : test::cases_of(row)) {
      Graph g = test::row_graph(row, c.dtype);
      test::RowData data = test::random_data(row, c, 1);
      expect_same(g, fuse(g), data.inputs, data.params, c.bindings);
    }
  }
}

// "contraction pointwise": the kinds of the regions in the order they run.
std::string kinds(const Graph& fused) {
  std::string out;
  for (const Node& n : fused.nodes()) {
    if (n.op == Op::Region)
      out += (out.empty() ? "" : " ") + std::string(name_of_enum(n.as<RegionAttrs>().kind));
    if (n.op == Op::Scan) out += (out.empty() ? "" : " ") + ("scan(" + kinds(*body_of(n)) + ")");
  }
  return out;
}

struct Case {
  const char* name;
  std::function<void(Builder&)> build;
  const char *fused, *unfused;
};

void output(Builder& b, Value v, const std::string& name = "y") { b.graph().add_output({name, v, false}); }
Type f32(Shape shape) { return {DType::F32, std::move(shape)}; }
const Dim B = Dim::symbol("B");

// A layer's product, and its weights' gradient's, read x.
void two_products(Builder& b, Value x) {
  Value y = b.contract(x, b.param("w", f32({4, 8})), 1, 1);
  output(b, y);
  output(b, b.contract(y, x, 0, 0), "outer");
}

const Case kCases[] = {
    {"bias and activation join the product",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({4, 8})), c = b.param("c", f32({4}));
       output(b, b.max(b.add(b.contract(x, w, 1, 1), c), b.scalar(DType::F32, 0)));
     },
     "contraction", "contraction pointwise pointwise"},
    {"softmax is one row kernel",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 10}));
       Value e = b.exp(b.sub(x, b.broadcast(b.reduce_max(x, {1}), {B, 10}, {0})));
       output(b, b.div(e, b.broadcast(b.reduce_add(e, {1}), {B, 10}, {0})));
     },
     "row", "row pointwise pointwise row pointwise"},
    {"a sum over the batch reads a stored gradient",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 10}));
       Value y = b.exp(x);
       output(b, y, "y");
       output(b, b.reduce_add(y, {0}), "sum");
     },
     "pointwise reduce", "pointwise reduce"},
    {"what is stored and what is made of it share a loop",
     [](Builder& b) {
       Value m = b.param("m", f32({8})), v = b.param("v", f32({8})), g = b.input("g", f32({8}));
       Value mean = b.add(m, g), square = b.add(v, b.mul(g, g));
       output(b, mean, "mean");
       output(b, square, "square");
       output(b, b.div(mean, b.sqrt(square)), "step");
     },
     "pointwise", "pointwise pointwise pointwise pointwise pointwise"},
    {"a producer used once disappears into a reduction",
     [](Builder& b) {
       output(b, b.reduce_add(b.exp(b.input("x", f32({B, 10}))), {0}));
     },
     "reduce", "pointwise reduce"},
    {"folds that are alike share a kernel, four at most",
     [](Builder& b) {
       for (const char* name : {"p", "q", "r", "s", "t"})
         output(b, b.reduce_add(b.input(name, f32({B, 10})), {0}), name);
     },
     "reduce reduce", "reduce reduce reduce reduce reduce"},
    {"two products stay two kernels",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({8, 8}));
       output(b, b.contract(b.contract(x, w, 1, 1), w, 1, 0));
     },
     "contraction contraction", "contraction contraction"},
    {"bytes enter every product that reads them",
     [](Builder& b) {
       Value x = b.div(b.cast(b.input("x", {DType::U8, {B, 8}}), DType::F32), b.scalar(DType::F32, 255));
       two_products(b, x);
     },
     "contraction contraction", "pointwise pointwise contraction contraction"},
    {"what is as wide as its source is stored for two products",
     [](Builder& b) {
       Value x = b.div(b.input("x", f32({B, 8})), b.scalar(DType::F32, 255));
       two_products(b, x);
     },
     "pointwise contraction contraction", "pointwise contraction contraction"},
    {"and bytes too, where something else reads them",
     [](Builder& b) {
       Value x = b.cast(b.input("x", {DType::U8, {B, 8}}), DType::F32);
       output(b, b.contract(x, b.param("w", f32({4, 8})), 1, 1));
       output(b, b.reduce_max(x, {1}), "largest");
     },
     "row contraction", "pointwise contraction row"},
    {"bytes that are computed are not computed twice",
     [](Builder& b) {
       Value positive = b.lt(b.scalar(DType::F32, 0.5), b.exp(b.input("x", f32({B, 8}))));
       Value x = b.cast(positive, DType::F32);
       two_products(b, x);
     },
     "pointwise contraction contraction", "pointwise pointwise pointwise contraction contraction"},
    {"views alone are copied only when they are results",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8}));
       output(b, b.permute(x, {1, 0}));
     },
     "pointwise", "pointwise"},
    {"a reshape of a result is the same memory",
     [](Builder& b) {
       output(b, b.reshape(b.exp(b.input("x", f32({B, 8}))), {B * 8}));
     },
     "pointwise", "pointwise"},
};

TEST(Fuse, GroupsWhatBelongsTogether) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Graph g;
    Builder b(g);
    c.build(b);
    EXPECT_EQ(kinds(fuse(g)), c.fused);
    EXPECT_EQ(kinds(fuse(g, FusionMode::Unfused)), c.unfused);
  }
}

// The types of what the first region hands on.
std::vector<DType> first_results(const Graph& fused) {
  std::vector<DType> out;
  for (const Node& n : fused.nodes()) {
    if (n.op != Op::Region) continue;
    for (const Type& t : n.results) out.push_back(t.dtype);
    break;
  }
  return out;
}

// y = relu(x w1), and dy where y is not zero, asked of y: stored for the next product, y is asked again; of a y that nothing
// else reads, the answer is a quarter of its size.
TEST(Fuse, AsksAStoredResultAgain) {
  using Results = std::vector<DType>;
  for (bool stored : {true, false}) {
    Graph g;
    Builder b(g);
    Value x = b.input("x", f32({B, 8})), dy = b.input("dy", f32({B, 4})), zero = b.scalar(DType::F32, 0);
    Value product = b.contract(x, b.input("w1", f32({8, 6})), 1, 0);
    Value y = b.select(b.le(product, zero), zero, product);
    Value back = b.contract(dy, b.input("w2", f32({4, 6})), 1, 0);
    g.add_output({"dx", b.select(b.le(y, zero), zero, back), false});
    if (stored) g.add_output({"z", b.contract(dy, y, 0, 0), false});
    EXPECT_EQ(first_results(fuse(g)), stored ? Results{DType::F32} : Results{DType::Bool});
    EXPECT_EQ(kinds(fuse(g)), stored ? "contraction contraction contraction" : "contraction contraction");
  }
}

// dX = dY W reads W before W's update writes it, although the update comes first in the graph.
TEST(Fuse, ReadsStateBeforeItIsWritten) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", f32({B, 8})), dy = b.input("dy", f32({B, 4})), w = b.param("w", f32({4, 8}));
  Value updated = b.sub(w, b.contract(dy, x, 0, 0));
  Value dx = b.contract(dy, w, 1, 0);
  g.add_output({"w", updated, true});
  g.add_output({"dx", dx, false});
  Graph fused = fuse(g);
  std::vector<size_t> results;
  for (const Node& n : fused.nodes()) {
    if (n.op == Op::Region) results.push_back(n.results[0].shape[0] == B);
  }
  EXPECT_EQ(results, (std::vector<size_t>{1, 0})) << "dx, of [B, 8], comes first";
}

}  // namespace
}  // namespace nnc
