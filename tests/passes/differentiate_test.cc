// Gradients of whole shapes of use: contractions in every axis order, convolution, overlapping pooling,
// recurrences. Single primitives are checked by their rows in tests/support.
#include "passes/differentiate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ir/composites/activations.h"
#include "ir/error.h"
#include "passes/rewrite.h"
#include "tests/passes/directional.h"
#include "tests/passes/lstm.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

TEST(Gradient, DotInEveryAxisOrder) {
  struct Row {
    std::vector<int64_t> lhs, rhs;
    DotAttrs attrs;
  };
  const Row rows[] = {
      {{2, 3}, {3, 4}, {{}, {}, {1}, {0}}},
      {{2, 3}, {4, 3}, {{}, {}, {1}, {1}}},
      {{3, 2}, {4, 3}, {{}, {}, {0}, {1}}},
      {{5, 2, 3}, {5, 3, 4}, {{0}, {0}, {2}, {1}}},
      {{2, 5, 3}, {3, 4, 5}, {{1}, {2}, {2}, {0}}},
      {{2, 3, 4, 5}, {4, 6, 3, 2}, {{}, {}, {1, 2}, {2, 0}}},
      {{2, 3, 4, 5}, {4, 6, 3, 2, 7}, {{0}, {3}, {2, 1}, {0, 2}}},
      {{2}, {3}, {}},
      {{3}, {3}, {{}, {}, {0}, {0}}},
  };
  for (const Row& row : rows) {
    DotAttrs attrs = row.attrs;
    attrs.accumulate = DType::F64;
    auto build = [&](Builder& b, const Values& x) { return Values{b.dot(x[0], x[1], attrs)}; };
    EXPECT_EQ(check_derivatives({uniform(row.lhs, 1), uniform(row.rhs, 2)}, build), "") << row.lhs.size();
  }
}

// The gradient of a linear layer's weights needs no permute, whichever way the weights lie.
TEST(Gradient, WeightGradientOfALinearLayerIsOneDot) {
  for (int64_t contracted : {0, 1}) {
    Graph g;
    Builder b(g);
    Value x = b.input("x", {DType::F32, {8, 3}});
    Value w = b.input("w", {DType::F32, contracted == 0 ? Shape{3, 4} : Shape{4, 3}});
    Value y = b.contract(x, w, 1, contracted);
    Values out = gradients(b, y, {x, w}, b.input("seed", b.type(y)));
    EXPECT_EQ(g.node(out[0]).op, Op::Dot);
    EXPECT_EQ(g.node(out[1]).op, Op::Dot);
  }
}

Values conv(Builder& b, const Values& v) {
  Value x = b.pad(v[0], {0, 0, 1, 2}, {0, 0, 2, 1}, {0, 0, 0, 0}, Literal::from_double(DType::F64, 0));
  Value taps = b.window(x, {{2, 3, 2, 1}, {3, 2, 1, 2}});  // [B, C, h, w, 3, 2]
  return {b.dot(taps, v[1], {{}, {}, {1, 4, 5}, {1, 2, 3}, DType::F64})};
}

TEST(Gradient, ConvolutionWithStrideDilationAndPadding) {
  EXPECT_EQ(check_derivatives({uniform({2, 3, 7, 5}, 1), uniform({4, 3, 3, 2}, 2)}, conv), "");
}

TEST(Gradient, OverlappingMaxPooling) {
  auto pool = [](Builder& b, const Values& v) {
    Value best = b.reduce_max(b.window(v[0], {{1, 3, 2, 1}, {2, 3, 2, 1}}), {3, 4});
    return Values{b.mul(best, best)};
  };
  EXPECT_EQ(check_derivatives({uniform({2, 7, 7}, 1)}, pool), "");
}

TEST(Gradient, ProductsWithZeros) {
  auto product = [](Builder& b, const Values& v) { return Values{b.reduce(Monoid::Mul, v[0], {0, 2})}; };
  Tensor x = uniform({2, 3, 2}, 1);
  x.set(0, 0.0);
  x.set(4, 0.0);
  x.set(5, 0.0);
  EXPECT_EQ(check_derivatives({x}, product), "");
}

TEST(Gradient, ReductionsOfSeveralValues) {
  auto max_sumexp = [](Builder& b, const Values& v) {
    return b.reduce(Monoid::MaxSumExp, {v[0], v[1]}, {1});
  };
  EXPECT_EQ(check_derivatives({uniform({3, 5}, 1), uniform({3, 5}, 2)}, max_sumexp, 1), "");
  auto moments = [](Builder& b, const Values& v) { return b.reduce(Monoid::Moments, v, {0, 2}); };
  EXPECT_EQ(
      check_derivatives({uniform({3, 2, 4}, 1), uniform({3, 2, 4}, 2), uniform({3, 2, 4}, 3, 1, 2)}, moments),
      "");
}

// Symbolic extents cannot be padded inside: the transpose of a strided slice scatters.
TEST(Gradient, StridedSliceOfASymbolicExtent) {
  Graph g;
  Builder b(g);
  Dim n = Dim::symbol("N");
  Value x = b.input("x", {DType::F64, {n * Dim(2)}});
  Value y = b.slice(x, {1}, {n}, {2});
  g.add_output({"dx", gradients(b, b.reduce_add(b.mul(y, y), {0}), {x})[0]});
  EXPECT_EQ(interpret(g, {{"x", f64({6}, {1, 2, 3, 4, 5, 6})}})[0], f64({6}, {0, 4, 0, 8, 0, 12}));
}

// e^-95 is denormal in f32: the gradient leaves it out, the value does not.
TEST(Gradient, LogSoftmaxPassesNoDenormalNumbers) {
  std::vector<Tensor> out = eval_all({f32({3}, {0, -60, -95})}, [](Builder& b, const Values& v) {
    Value y = log_softmax(b, v[0]);
    return Values{y, gradients(b, b.reshape(b.slice(y, {0}, {1}, {1}), {}), {v[0]})[0]};
  });
  EXPECT_EQ(out[0], f32({3}, {0, -60, -95}));
  EXPECT_NEAR(out[1].get(1) / std::exp(-60.0), -1, 1e-6);
  EXPECT_EQ(out[1].get(2), 0);
}

TEST(Gradient, TiesAndKinks) {
  auto derivative = [](const Build& build, Tensor x) {
    return eval({x}, [&](Builder& b, const Values& v) {
      Value y = build(b, v)[0];
      return gradients(b, b.reduce_add(y, {0}), {v[0]})[0];
    });
  };
  auto abs = [](Builder& b, const Values& v) { return Values{b.unary(Op::Abs, v[0])}; };
  EXPECT_EQ(derivative(abs, f64({3}, {-2, 0, 3})), f64({3}, {-1, 0, 1}));
  auto clip = [](Builder& b, const Values& v) { return Values{b.max(v[0], b.scalar(DType::F64, 1))}; };
  EXPECT_EQ(derivative(clip, f64({3}, {0, 1, 2})), f64({3}, {0, 0.5, 1}));
  auto rectified = [](Builder& b, const Values& v) { return Values{relu(b, v[0])}; };
  EXPECT_EQ(derivative(rectified, f64({3}, {-1, 0, 2})), f64({3}, {0, 0, 1}));
  auto top = [](Builder& b, const Values& v) { return Values{b.reshape(b.reduce_max(v[0], {0}), {1})}; };
  EXPECT_EQ(derivative(top, f64({4}, {1, 3, 3, 2})), f64({4}, {0, 1, 0, 0}));
  auto power = [](Builder& b, const Values& v) {
    return Values{b.binary(Op::Pow, v[0], b.scalar(DType::F64, 2))};
  };
  EXPECT_EQ(derivative(power, f64({2}, {0, -3})), f64({2}, {0, -6}));
}

TEST(Gradient, MixedPrecisionSumsInF32) {
  Graph g;
  Builder b(g);
  Value w = b.input("w", {DType::F32, {3, 2}});
  Value half = b.cast(w, DType::BF16);
  Value y = b.contract(half, half, 1, 1);
  Value d = gradients(b, b.reduce_add(y, {0, 1}), {w})[0];
  g.add_output({"d", d});
  EXPECT_EQ(interpret(g, {{"w", f32({3, 2}, {1, 2, 3, 4, 5, 6})}})[0], f32({3, 2}, {18, 24, 18, 24, 18, 24}));
}

TEST(Gradient, WhatCannotBeDifferentiatedIsAnError) {
  Graph body("r");
  Builder bb(body);
  body.add_output({"y", bb.exp(bb.input("x", {DType::F32, {}}))});
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {}});
  b.set_scope(g.scope(0, "head"));
  b.set_loc({12, 3, 1});
  Value y = b.add_one(Op::Region,
                      RegionAttrs{KernelKind::Pointwise, "k", {std::make_shared<const Graph>(body)}}, {x});
  auto message = [&](Value of) -> std::string {
    try {
      gradients(b, of, {x});
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(
      message(y),
      "'region' (line 12, column 3, in head) has no gradient rule: differentiate before regions are formed");
  EXPECT_NE(message(b.broadcast(y, {2}, {})).find("needs a scalar or a seed"), std::string::npos);
  EXPECT_NE(message(b.cast(y, DType::I32)).find("is not differentiable"), std::string::npos);
}

TEST(ScanGradient, Lstm) { EXPECT_EQ(check_derivatives(lstm_inputs(), lstm), ""); }

// The adjoint of the weights is one contraction over stacked steps: no scan carries or yields anything of its
// shape.
TEST(ScanGradient, WeightsAreNotAccumulatedStepByStep) {
  std::vector<Type> types;
  for (const Tensor& t : lstm_inputs()) types.push_back(type_of(t));
  Graph g = graph_of(types, [](Builder& b, const Values& v) {
    Value hs = lstm(b, v)[2];
    return gradients(b, b.reduce_add(hs, {0, 1, 2}), {v[3], v[4]});
  });
  std::vector<bool> live = live_nodes(g);
  int backward = 0;
  for (NodeId id = 0; id < g.size(); ++id) {
    const Node& n = g.node(id);
    if (n.op != Op::Scan || !live[id]) continue;
    backward += n.as<ScanAttrs>().reverse;
    for (const Type& t : n.results) {
      EXPECT_NE(t.shape, types[3].shape);
      EXPECT_NE(t.shape, types[4].shape);
    }
  }
  EXPECT_EQ(backward, 1);
  EXPECT_EQ(g.node(g.outputs()[0].value).op, Op::Dot);
  EXPECT_EQ(g.node(g.outputs()[1].value).op, Op::Reduce);
}

// What a sum over steps is pushed through, and the fallback: an accumulator.
TEST(ScanGradient, SumsOverSteps) {
  struct Row {
    const char* name;
    std::function<Value(Builder&, Value c, Value x, Value w)> step;
    std::vector<int64_t> carry, x, w;
  };
  const Row rows[] = {
      {"product", [](Builder& b, Value c, Value x, Value w) { return b.add(b.mul(c, w), x); }, {3}, {3}, {3}},
      {"permute",
       [](Builder& b, Value c, Value x, Value w) {
         return b.add(x, b.contract(c, b.permute(w, {1, 0}), 0, 1));
       },
       {3},
       {3},
       {3, 3}},
      {"power",
       [](Builder& b, Value c, Value x, Value w) { return b.add(b.mul(x, b.exp(b.mul(w, c))), b.exp(w)); },
       {3},
       {3},
       {}},
      {"table",
       [](Builder& b, Value c, Value x, Value w) {
         Value row = b.cast(b.mul(x, b.scalar(DType::F64, 3)), DType::I32);
         return b.add(c, b.mul(b.gather(w, row, 0), b.unary(Op::Sin, b.broadcast(c, {2, 4}, {1}))));
       },
       {4},
       {2},
       {3, 4}},
      {"window",
       [](Builder& b, Value c, Value x, Value w) {
         return b.add(
             c, b.mul(x, b.contract(b.window(b.pad(c, {1}, {1}, {0}, Literal::from_double(DType::F64, 0)),
                                             {{0, 3, 1, 1}}),
                                    w, 1, 0)));
       },
       {4},
       {4},
       {3}},
      {"constant", [](Builder& b, Value c, Value, Value w) { return b.add(b.neg(c), w); }, {2}, {2}, {2}},
      {"concat",
       [](Builder& b, Value c, Value x, Value w) {
         return b.mul(c, b.slice_axis(b.concat({w, x}, 0), 0, 1, 2));
       },
       {2},
       {2},
       {2}},
  };
  for (const Row& row : rows) {
    for (bool reverse : {false, true}) {
      auto build = [&](Builder& b, const Values& v) {
        Graph body("step");
        Builder s(body);
        Value c = s.input("c", b.type(v[0]));
        Type step = b.type(v[1]);
        step.shape.erase(step.shape.begin());
        Value x = s.input("x", step), w = s.input("w", b.type(v[2]));
        Value next = row.step(s, c, x, w);
        bool table = std::string(row.name) == "table";
        if (table) next = s.reduce_add(next, {0});
        body.add_output({"c", next});
        body.add_output({"y", s.mul(next, c)});
        return b.scan({1, 1, b.shape(v[1])[0], reverse, {std::make_shared<const Graph>(body)}}, v);
      };
      std::vector<int64_t> xs = row.x;
      xs.insert(xs.begin(), 3);
      EXPECT_EQ(
          check_derivatives({uniform(row.carry, 1), uniform(xs, 2, 0.05, 0.95), uniform(row.w, 3)}, build),
          "")
          << row.name;
    }
  }
}

}  // namespace
}  // namespace nnc::test
