// Planted mistakes are traced to their op, line and element.
#include "passes/find_non_finite.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "passes/training_step.h"
#include "tests/ir/model_text.h"

namespace nnc::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Planted {
  explicit Planted(const std::string& model) : module(module_of(model)) {
    step = training_step(module.train, module.spec->update);
    for (NodeId id : step.params()) {
      const auto& a = step.node(id).as<ParamAttrs>();
      state.emplace(a.path, Tensor(a.type.dtype, evaluate(a.type.shape, {})));
    }
    inputs.emplace(kLearningRateInput, Tensor::scalar(DType::F64, 0.1));
  }
  std::optional<NonFinite> find() const { return find_non_finite(step, inputs, state, sizes); }

  Module module;
  Graph step;
  NamedTensors inputs, state;
  Bindings sizes;
};

std::string model_with(const std::string& lines, const std::string& loss) {
  return "model M {\n input x: f64[B, 2]\n" + lines + "}\ntrain M {\n target t: f64[B, 2]\n loss " + loss +
         "\n optimizer sgd(lr = 0.1)\n}\n";
}

// The third layer, whose weights are 1 and whose inputs are 0.5 but for a sample of -0.5.
TEST(FindNonFinite, LogOfANegativeInTheThirdLayer) {
  Planted run(model_with(
      " param w: f64[2, 2] = 0\n h = x + w[0, 0]\n h = h * 1\n h = log(dot(h, w))\n output y = h\n",
      "mse(y, t)"));
  run.inputs.emplace("x", Tensor::from(DType::F64, {3, 2}, {1, 1, 1, 1, -1, -1}));
  run.inputs.emplace("t", Tensor(DType::F64, {3, 2}));
  run.state.at("w") = Tensor::from(DType::F64, {2, 2}, {0.25, 0.5, 0.25, 0.5});
  std::optional<NonFinite> found = run.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "log");
  EXPECT_EQ(found->loc.line, 6u);
  EXPECT_EQ(found->part, StepPart::Forward);
  EXPECT_TRUE(std::isnan(found->value));
  EXPECT_EQ(found->index, (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(found->shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(found->operands, (std::vector<double>{-0.375}));
  EXPECT_EQ(found->str(),
            "log in h.log (line 6, column 6), forward, gives nan at [2, 0] of [3, 2], from -0.375");
}

// The loss is 0 there and its gradient 1 / 0.
TEST(FindNonFinite, ADivisionInAGradient) {
  Planted run(
      model_with(" param w: f64[2] = 0\n h = x * w\n h = sqrt(h)\n output y = h\n", "mean(y) + 0 * mean(t)"));
  run.inputs.emplace("x", Tensor::from(DType::F64, {2, 2}, {1, 4, 9, 0}));
  run.inputs.emplace("t", Tensor(DType::F64, {2, 2}));
  run.state.at("w") = Tensor::from(DType::F64, {2}, {1, 1});
  std::optional<NonFinite> found = run.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "div");
  EXPECT_EQ(found->loc.line, 5u);
  EXPECT_EQ(found->part, StepPart::Backward);
  EXPECT_EQ(found->value, kInf);
  EXPECT_EQ(found->index, (std::vector<int64_t>{1, 1}));
}

// The log of a masked 0 reaches no loss, but its gradient does: 0 times infinity.
TEST(FindNonFinite, TheBranchThatIsNotTaken) {
  Planted run(model_with(" param w: f64[2] = 0\n h = x * w\n h = where(h > 0, log(h), h)\n output y = h\n",
                         "mean(y) + 0 * mean(t)"));
  run.inputs.emplace("x", Tensor::from(DType::F64, {2, 2}, {1, 4, 0, 9}));
  run.inputs.emplace("t", Tensor(DType::F64, {2, 2}));
  run.state.at("w") = Tensor::from(DType::F64, {2}, {1, 1});
  std::optional<NonFinite> found = run.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->loc.line, 5u);
  EXPECT_EQ(found->part, StepPart::Backward);
  EXPECT_EQ(found->index, (std::vector<int64_t>{1, 0}));
}

// A mask of infinities is given; a row that is masked whole is where they become NaN.
TEST(FindNonFinite, MasksAreNoMistake) {
  std::string model = model_with(
      " param w: f64[2] = 1\n h = where(x > 0, x * w, -inf)\n output y = softmax(h)\n", "mse(y, t)");
  Planted sound(model), run(model);
  for (Planted* r : {&sound, &run}) {
    r->inputs.emplace("t", Tensor(DType::F64, {2, 2}));
    r->state.at("w") = Tensor::from(DType::F64, {2}, {1, 1});
  }
  sound.inputs.emplace("x", Tensor::from(DType::F64, {2, 2}, {1, 0, 0, 1}));
  EXPECT_FALSE(sound.find());
  run.inputs.emplace("x", Tensor::from(DType::F64, {2, 2}, {1, 2, 0, 0}));
  std::optional<NonFinite> found = run.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "sub");
  EXPECT_EQ(found->loc.line, 5u);
  EXPECT_EQ(found->index[0], 1);
}

TEST(FindNonFinite, DataAndWeightsThatWereGiven) {
  Planted run(model_with(" param w: f64[2] = 1\n output y = x * w\n", "mse(y, t)"));
  run.inputs.emplace("x", Tensor::from(DType::F64, {2, 2}, {1, 2, std::nan(""), 0}));
  run.inputs.emplace("t", Tensor(DType::F64, {2, 2}));
  EXPECT_EQ(run.find()->str(), "input 'x' (line 2, column 2), forward, gives nan at [1, 0] of [2, 2]");
}

TEST(FindNonFinite, AStepOfAScan) {
  Planted run(
      "model M {\n input x: f64[B, T]\n param w: f64 = 1\n"
      " ys = scan x as v over T carry h = zeros([B], f64) {\n  h = h + log(v * w)\n  yield h\n }\n output y "
      "= ys\n}\n"
      "train M {\n target t: f64[B, T]\n loss mse(y, t)\n optimizer sgd(lr = 0.1)\n}\n");
  run.inputs.emplace("x", Tensor::from(DType::F64, {2, 3}, {1, 2, 3, 4, 5, -6}));
  run.inputs.emplace("t", Tensor(DType::F64, {2, 3}));
  run.state.at("w").set(0, 1);
  run.sizes = {{"B", 2}, {"T", 3}};
  std::optional<NonFinite> found = run.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "log");
  EXPECT_EQ(found->loc.line, 5u);
  EXPECT_EQ(found->part, StepPart::Forward);
}

}  // namespace
}  // namespace nnc::test
