// The interpreter around the ops: binding of sizes, precision, state, errors.
#include "ir/interpreter.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ir/bind.h"
#include "ir/error.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;
const Dim kB = Dim::symbol("B"), kT = Dim::symbol("T");

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

Graph linear_graph() {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {kB, 2}}), w = b.param("w", {DType::F32, {2}});
  g.add_output({"y", b.contract(x, w, 1, 0)});
  g.add_output({"w", b.mul(w, b.scalar(DType::F32, 2)), true});
  return g;
}

TEST(Interpret, BindsSymbolsAndReturnsStateWrites) {
  Graph g = linear_graph();
  NamedTensors state{{"w", f32({2}, {1, 10})}, {"unrelated", f32({}, {0})}};
  for (int64_t n : {0, 1, 3}) {
    auto y = interpret(g, {{"x", counting(DType::F32, {n, 2})}}, state);
    EXPECT_EQ(y[0].shape(), std::vector<int64_t>{n});
    EXPECT_TRUE(n < 3 || y[0] == f32({3}, {10, 32, 54}));
    EXPECT_EQ(y[1], f32({2}, {2, 20}));
  }
  EXPECT_EQ(state.at("w"), f32({2}, {1, 10}));
}

TEST(Interpret, OverwritesNothingThatIsReadAgain) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {2}}), w = b.param("w", {DType::F32, {2}});
  Value sum = b.add(x, w), twice = b.add(sum, sum), less = b.sub(twice, w), kept = b.neg(less);
  g.add_output({"less", less});
  g.add_output({"kept", kept});
  g.add_output({"again", kept});
  NamedTensors inputs{{"x", f32({2}, {1, 2})}}, state{{"w", f32({2}, {10, 20})}};
  auto y = interpret(g, inputs, state);
  EXPECT_EQ(y[0], f32({2}, {12, 24}));
  EXPECT_EQ(y[1], f32({2}, {-12, -24}));
  EXPECT_EQ(y[2], y[1]);
  EXPECT_EQ(inputs.at("x"), f32({2}, {1, 2}));
  EXPECT_EQ(state.at("w"), f32({2}, {10, 20}));
}

TEST(Interpret, NamesWhatDoesNotFit) {
  Graph g = linear_graph();
  NamedTensors w{{"w", f32({2}, {1, 1})}};
  EXPECT_EQ(error_of([&] { interpret(g, {}, w); }), "input 'x' is missing; it should be f32[B, 2]");
  EXPECT_EQ(error_of([&] {
              interpret(g, {{"x", f32({1, 2}, {0, 0})}});
            }),
            "parameter 'w' is missing; it should be f32[2]");
  EXPECT_EQ(error_of([&] {
              interpret(g, {{"x", Tensor(DType::F32, {3, 5})}}, w);
            }),
            "input 'x' has shape [3, 5] and should have [B, 2]");
  EXPECT_EQ(error_of([&] {
              interpret(g, {{"x", Tensor(DType::I32, {3, 2})}}, w);
            }),
            "input 'x' is i32[3, 2] and should be f32[B, 2]");
  EXPECT_NE(error_of([&] { interpret(g, {{"x", Tensor(DType::F64, {3, 2})}}, w); }), "");
  EXPECT_EQ(interpret(g, {{"x", Tensor(DType::F64, {3, 2})}}, w, {Precision::F64})[0].dtype(), DType::F64);
}

TEST(Bind, SolvesLinearExtentsInAnyOrder) {
  auto f = [](Shape shape, std::vector<int64_t> given) {
    return GivenShape{"x", {DType::F32, shape}, given};
  };
  EXPECT_EQ(bind_symbols(std::vector{f({kB * kT, kB}, {12, 3})}), (Bindings{{"B", 3}, {"T", 4}}));
  EXPECT_EQ(bind_symbols(std::vector{f({kB * 2 + 1}, {7})}), (Bindings{{"B", 3}}));
  EXPECT_EQ(bind_symbols(std::vector{f({kB, kB}, {3, 3})}, {{"T", 2}}), (Bindings{{"B", 3}, {"T", 2}}));
  EXPECT_THROW(bind_symbols(std::vector{f({kB, kB}, {3, 4})}), Error);
  EXPECT_THROW(bind_symbols(std::vector{f({kB * 2}, {5})}), Error);
  EXPECT_THROW(bind_symbols(std::vector{f({kB + 4}, {2})}), Error);
  EXPECT_THROW(bind_symbols(std::vector{f({kB}, {3, 1})}), Error);
  EXPECT_THROW(bind_symbols(std::vector{f({kB}, {3})}, {{"B", 2}}), Error);
}

TEST(Interpret, ExplicitBindingsServeSymbolsNoShapeMentions) {
  Graph g;
  Builder b(g);
  g.add_output({"n", b.extent(kT + 1)});
  EXPECT_THROW(interpret(g, {}), Error);
  EXPECT_EQ(interpret(g, {}, {}, {Precision::Own, {{"T", 4}}})[0].get_int(0), 5);
}

TEST(Interpret, SizesThatTurnOutImpossibleAreErrors) {
  auto slice = [](Builder& b, const Values& x) { return Values{b.slice(x[0], {0}, {kB - 3}, {1})}; };
  Graph shrink = graph_of({{DType::F32, {kB}}}, slice);
  EXPECT_EQ(interpret(shrink, named({counting(DType::F32, {5})}))[0].count(), 2);
  EXPECT_THROW(interpret(shrink, named({counting(DType::F32, {2})})), Error);
  auto beyond = [](Builder& b, const Values& x) { return Values{b.slice(x[0], {4}, {1}, {1})}; };
  EXPECT_THROW(interpret(graph_of({{DType::F32, {kB}}}, beyond), named({counting(DType::F32, {4})})), Error);
  auto window = [](Builder& b, const Values& x) { return Values{b.window(x[0], {{0, 3}})}; };
  EXPECT_THROW(interpret(graph_of({{DType::F32, {kB}}}, window), named({counting(DType::F32, {1})})), Error);
}

// Nothing is rounded to a narrower float on the way; integers stay what they are.
TEST(Interpret, F64PrecisionWidensEverything) {
  auto build = [](Builder& b, const Values& x) {
    Value third = b.div(x[0], b.scalar(DType::F32, 3));
    Value narrow = b.cast(b.cast(third, DType::BF16), DType::F32);
    return Values{b.add(narrow, b.scalar(DType::F32, 0.1)), b.cast(x[0], DType::I32),
                  b.contract(x[0], x[0], 0, 0)};
  };
  auto y = eval_all({f32({1}, {1})}, build, {Precision::F64});
  EXPECT_EQ(y[0], f64({1}, {1.0 / 3 + static_cast<double>(0.1f)}));
  EXPECT_EQ(y[1], i32({1}, {1}));
  EXPECT_EQ(y[2], f64({}, {1}));
  EXPECT_EQ(eval_all({f32({1}, {1})}, build)[0].dtype(), DType::F32);
}

TEST(Interpret, OnlyWhatOutputsNeedIsComputed) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {2}});
  b.gather(x, b.constant(Literal::from_int(DType::I32, 9)), 0);  // would be an index fault
  g.add_output({"y", x});
  EXPECT_EQ(interpret(g, {{"x", f32({2}, {1, 2})}})[0], f32({2}, {1, 2}));
}

TEST(EvaluateOp, RunsOneOpWithoutAGraph) {
  Tensor a = f32({2}, {1, 2}), b = f32({2}, {10, 20});
  auto types = infer(Op::Add, NoAttrs{}, std::vector{type_of(a), type_of(b)});
  EXPECT_EQ(evaluate_op(Op::Add, NoAttrs{}, types, {&a, &b})[0], f32({2}, {11, 22}));
  Tensor i = i32({}, {5});
  auto gathered = infer(Op::Gather, AxisAttrs{0}, std::vector{type_of(a), type_of(i)});
  EXPECT_THROW(evaluate_op(Op::Gather, AxisAttrs{0}, gathered, {&a, &i}), Error);
}

}  // namespace
}  // namespace nnc::test
