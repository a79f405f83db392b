// The step keeps what the model computes, updates what it trains, and leaves state alone when the loss is not
// finite.
#include "passes/training_step.h"

#include <gtest/gtest.h>

#include <limits>

#include "ir/error.h"
#include "ir/net.h"
#include "passes/rewrite.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

const UpdateSpec kSgd{.optimizer = {"sgd", {}}};

// loss = mean (x w - y)^2, with a running sum of x beside it.
Graph regression() {
  Graph g("train");
  Builder b(g);
  Value x = b.input("x", {DType::F64, {4, 2}}), y = b.input("y", {DType::F64, {4}});
  Value w = b.param("w", {DType::F64, {2}});
  b.param("frozen", {DType::F64, {2}}, false);
  Value error = b.sub(b.contract(x, w, 1, 0), y);
  Value loss = b.div(b.reduce_add(b.mul(error, error), {0}), b.scalar(DType::F64, 4));
  g.add_output({"loss", loss});
  g.add_output({"error", error});
  Value seen = b.param("seen", {DType::F64, {2}}, false);
  g.add_output({"seen", b.add(seen, b.reduce_add(x, {0})), true});
  return g;
}

std::map<std::string, Tensor> run(const Graph& g, const Tensor& y) {
  NamedTensors inputs{{"x", f64({4, 2}, {1, 0, 0, 1, 1, 1, 2, 1})}, {"y", y}, {"train.lr", f64({}, {0.5})}};
  NamedTensors params{
      {"w", f64({2}, {1, 2})}, {"seen", f64({2}, {0, 0})}, {"train.step", Tensor::scalar(DType::I64, 6)}};
  std::vector<Tensor> values = interpret(g, inputs, params);
  std::map<std::string, Tensor> out;
  for (size_t i = 0; i < values.size(); ++i)
    out.emplace((g.outputs()[i].state_write ? "new " : "") + g.outputs()[i].name, values[i]);
  return out;
}

TEST(TrainingStep, DescendsAndCounts) {
  auto out = run(training_step(regression(), kSgd), f64({4}, {1, 1, 3, 4}));
  // The error is (0, 1, 0, 0): the gradient is x[1] * 2 / 4.
  EXPECT_EQ(out.at("loss"), f64({}, {0.25}));
  EXPECT_EQ(out.at("error"), f64({4}, {0, 1, 0, 0}));
  EXPECT_EQ(out.at("new w"), f64({2}, {1, 1.75}));
  EXPECT_EQ(out.at("new seen"), f64({2}, {4, 3}));
  EXPECT_EQ(out.at("new train.step").get_int(0), 7);
}

TEST(TrainingStep, ALossThatIsNotFiniteChangesNothing) {
  auto out =
      run(training_step(regression(), kSgd), f64({4}, {1, std::numeric_limits<double>::quiet_NaN(), 3, 4}));
  EXPECT_EQ(out.at("new w"), f64({2}, {1, 2}));
  EXPECT_EQ(out.at("new seen"), f64({2}, {0, 0}));
  EXPECT_EQ(out.at("new train.step").get_int(0), 6);
}

TEST(TrainingStep, TransformsSitInTheSeam) {
  GradientTransform flip = [](Builder& b, Seam& seam) {
    ASSERT_EQ(seam.gradients.size(), 1u);
    EXPECT_EQ(seam.gradients[0].path, "w");
    seam.gradients[0].gradient = b.neg(seam.gradients[0].gradient);
  };
  auto out = run(training_step(regression(), kSgd, {flip}), f64({4}, {1, 1, 3, 4}));
  EXPECT_EQ(out.at("new w"), f64({2}, {1, 2.25}));
}

TEST(TrainingStep, StateOfTheOptimizerIsWritten) {
  Graph g = training_step(regression(), UpdateSpec{.optimizer = {"adam", {}}});
  EXPECT_NE(g.find_output("w.adam.m", true), nullptr);
  EXPECT_NE(g.find_output("w.adam.v", true), nullptr);
  EXPECT_EQ(g.find_output("frozen", true), nullptr);
}

TEST(TrainingStep, WhatCannotTrainIsAnError) {
  Graph g("train");
  Builder b(g);
  EXPECT_THROW(training_step(g, {}), Error);
  Value x = b.input("x", {DType::F32, {2}});
  g.add_output({"loss", x});
  EXPECT_THROW(training_step(g, {}), Error);
  Graph fixed("train");
  Builder f(fixed);
  fixed.add_output({"loss", f.param("p", {DType::F32, {}}, false)});
  EXPECT_THROW(training_step(fixed, {}), Error);
}

// After the step is built the forward scan runs once, whatever the gradient saves of it.
TEST(TrainingStep, RunsAForwardScanOnce) {
  Graph body("step");
  Builder s(body);
  Value h = s.input("h", {DType::F64, {2}}), x = s.input("x", {DType::F64, {2}}),
        w = s.input("w", {DType::F64, {2, 2}});
  Value next = s.unary(Op::Tanh, s.add(s.contract(h, w, 0, 0), x));
  body.add_output({"h", next});
  body.add_output({"hs", next});
  Graph g("train");
  Builder b(g);
  Value xs = b.input("xs", {DType::F64, {Dim::symbol("T"), 2}});
  std::vector<Value> out = b.scan({1, 1, Dim::symbol("T"), false, {std::make_shared<const Graph>(body)}},
                                  {b.full(DType::F64, {2}, 0), xs, b.param("w", {DType::F64, {2, 2}})});
  g.add_output({"loss", b.reduce_add(b.mul(out[1], out[1]), {0, 1})});
  Graph step = training_step(g, {});
  int scans = 0;
  for (const Node& n : step.nodes()) scans += n.op == Op::Scan;
  EXPECT_EQ(scans, 2);
}

}  // namespace
}  // namespace nnc::test
