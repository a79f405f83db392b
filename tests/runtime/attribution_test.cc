// Attributions against what can be worked out by hand: linear models, products, squares; and the axioms of integrated
// gradients.
#include "runtime/attribution.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ir/error.h"
#include "ir/parser.h"

namespace nnc {
namespace {

std::unique_ptr<Trainer> trainer_of(const std::string& text, ExecutionMode mode = ExecutionMode::Fused,
                                    int threads = 1) {
  Diagnostics diagnostics("model.nn", text);
  ast::File file = parse(diagnostics);
  std::optional<Module> m = elaborate(file, diagnostics);
  EXPECT_TRUE(m) << diagnostics.render();
  auto out = std::make_unique<Trainer>(
      std::move(*m), TrainerOptions{.engine = {.mode = mode, .threads = threads, .cache = CacheOptions{}}});
  out->initialize();
  return out;
}

void set(Trainer& trainer, const std::string& path, std::vector<double> values) {
  Tensor& t = trainer.state().at(path);
  ASSERT_EQ(t.count(), static_cast<int64_t>(values.size())) << path;
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, values[i]);
}

std::vector<double> values_of(const Tensor& t) {
  std::vector<double> out;
  for (int64_t i = 0; i < t.count(); ++i) out.push_back(t.get(i));
  return out;
}

double sum_of(const Attribution& a) {
  double out = 0;
  for (const NamedTensor& t : a.inputs) {
    std::vector<double> values = values_of(t.tensor);
    out = std::accumulate(values.begin(), values.end(), out);
  }
  return out;
}

void expect_values(const Tensor& got, const std::vector<double>& want, double tolerance = 0) {
  ASSERT_EQ(got.count(), static_cast<int64_t>(want.size()));
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got.get(i), want[i], tolerance) << i;
}

const char* const kLinear = "model M {\n input x: f32[B, 3]\n output y = linear(x, 2)\n}\n";
const Tensor kX = Tensor::from(DType::F32, {1, 3}, {1, -2, 4});

std::unique_ptr<Trainer> linear_trainer(ExecutionMode mode = ExecutionMode::Fused) {
  auto out = trainer_of(kLinear, mode);
  set(*out, "y.linear.weight", {1, 2, 3, -0.5, 0.25, 8});
  set(*out, "y.linear.bias", {10, 20});
  return out;
}

TEST(Attribution, OfALinearModelIsWeightTimesInputInEveryMode) {
  for (ExecutionMode mode : {ExecutionMode::Fused, ExecutionMode::Unfused, ExecutionMode::Interpreted}) {
    auto trainer = linear_trainer(mode);
    Attributor attributor(*trainer, "y");
    Attribution a = attributor.explain({.inputs = {kX}}, 1, {});
    EXPECT_EQ(a.value, 20 - 0.5 - 0.5 + 32);
    EXPECT_EQ(a.inputs[0].name, "x");
    expect_values(a.inputs[0].tensor, {-0.5, -0.5, 32});
    expect_values(attributor.explain({.inputs = {kX}}, 0, {}).inputs[0].tensor, {1, -4, 12});
  }
}

TEST(Attribution, NoiseAndTheWayFromABaselineDoNotChangeALinearModel) {
  auto trainer = linear_trainer();
  Attributor attributor(*trainer, "y");
  Attribution smooth =
      attributor.explain({.inputs = {kX}}, 1, {.method = AttributionMethod::SmoothGrad, .samples = 3});
  expect_values(smooth.inputs[0].tensor, {-0.5, 0.25, 8}, 1e-6);
  Attribution way = attributor.explain({.inputs = {kX}}, 1,
                                       {.method = AttributionMethod::IntegratedGradients, .baseline = 2});
  expect_values(way.inputs[0].tensor, {0.5, -1, 16}, 1e-6);
  EXPECT_EQ(way.baseline_value, 20 - 1 + 0.5 + 16);
}

TEST(Attribution, IntegerInputsThatAreCastCountAsNumbers) {
  auto trainer = trainer_of(
      "model M {\n input x: u8[B, 2]\n input k: i32[B]\n output y = sum(cast(x, f32) / 4) * cast(k, "
      "f32)\n}\n");
  Attributor attributor(*trainer, "y");
  Attribution a = attributor.explain(
      {.inputs = {Tensor::from(DType::U8, {1, 2}, {200, 4}), Tensor::from(DType::I32, {1}, {3})}}, 0, {});
  EXPECT_EQ(a.value, 153);
  expect_values(a.inputs[0].tensor, {150, 3});
  expect_values(a.inputs[1].tensor, {153});
}

// Two factors share their product; a square has all of itself.
TEST(Attribution, IntegratedGradientsOfProductsAndSquares) {
  auto trainer =
      trainer_of("model M {\n input x: f64[B, 3]\n output y = x[:, 0] * x[:, 1] + x[:, 2] ** 2\n}\n");
  Attributor attributor(*trainer, "y");
  Attribution a = attributor.explain({.inputs = {Tensor::from(DType::F64, {1, 3}, {3, 5, -2})}}, 0,
                                     {.method = AttributionMethod::IntegratedGradients, .steps = 7});
  expect_values(a.inputs[0].tensor, {7.5, 7.5, 4}, 1e-12);
}

const char* const kNet = R"(model Net {
  input x: f64[B, 4, 3]
  h = tanh(linear(flatten(x), 8))
  output y = linear(gelu(linear(h, 8)), 3)
}
)";

Tensor some_input() {
  Tensor x(DType::F64, {1, 4, 3});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, std::sin(static_cast<double>(3 * i)));
  return x;
}

TEST(Attribution, IntegratedGradientsAddUpToWhatTheOutputGained) {
  auto trainer = trainer_of(kNet);
  Attributor attributor(*trainer, "y");
  for (double baseline : {0.0, 0.7}) {
    for (int64_t index : {0, 1, 2}) {
      AttributionOptions options{
          .method = AttributionMethod::IntegratedGradients, .steps = 256, .baseline = baseline};
      Attribution a = attributor.explain({.inputs = {some_input()}}, index, options);
      EXPECT_GT(std::abs(a.value - a.baseline_value), 1e-3);
      EXPECT_NEAR(sum_of(a), a.value - a.baseline_value, 1e-5);
    }
  }
}

TEST(Attribution, SmoothGradIsTheSameForOneSeedAndAnyNumberOfThreads) {
  std::vector<double> first;
  for (int threads : {1, 3}) {
    auto trainer = trainer_of(kNet, ExecutionMode::Fused, threads);
    Attributor attributor(*trainer, "y");
    AttributionOptions options{.method = AttributionMethod::SmoothGrad, .samples = 20, .seed = 4};
    std::vector<double> got =
        values_of(attributor.explain({.inputs = {some_input()}}, 1, options).inputs[0].tensor);
    if (first.empty()) first = got;
    EXPECT_EQ(got, first);
    options.seed = 5;
    EXPECT_NE(values_of(attributor.explain({.inputs = {some_input()}}, 1, options).inputs[0].tensor), first);
  }
}

// Without noise it is the gradient, and so it is where the elements have no range.
TEST(Attribution, SmoothGradWithoutNoiseIsTheGradient) {
  auto trainer = trainer_of(kNet);
  Attributor attributor(*trainer, "y");
  Tensor x = some_input();
  std::vector<double> product = values_of(attributor.explain({.inputs = {x}}, 0, {}).inputs[0].tensor);
  AttributionOptions none{.method = AttributionMethod::SmoothGrad, .samples = 2, .noise = 0};
  AttributionOptions no_range{
      .method = AttributionMethod::SmoothGrad, .samples = 2, .ranges = {Tensor(DType::F64, {1, 4, 3})}};
  for (const AttributionOptions& options : {none, no_range}) {
    Tensor gradient = attributor.explain({.inputs = {x}}, 0, options).inputs[0].tensor;
    for (int64_t i = 0; i < x.count(); ++i) EXPECT_NEAR(gradient.get(i) * x.get(i), product[i], 1e-12);
  }
}

TEST(Attribution, OfTheLoss) {
  auto trainer = trainer_of(std::string(kLinear) +
                            "train M {\n target t: f32[B, 2]\n loss mse(y, t)\n optimizer sgd(lr = 1)\n}\n");
  set(*trainer, "y.linear.weight", {1, 2, 3, -0.5, 0.25, 8});
  set(*trainer, "y.linear.bias", {0, 0});
  Attribution a = Attributor::of_loss(*trainer).explain(
      {.inputs = {kX}, .targets = {Tensor::from(DType::F32, {1, 2}, {8, 31})}}, 0, {});
  // y = (9, 31): only the first element is off, by 1; its gradient is 2 * 1 / 2.
  EXPECT_EQ(a.value, 0.5);
  expect_values(a.inputs[0].tensor, {1, -4, 12});
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Attribution, SaysWhatCannotBeExplained) {
  auto trainer = linear_trainer();
  EXPECT_EQ(message_of([&] { Attributor(*trainer, "z"); }), "the model has no output 'z'");
  EXPECT_EQ(message_of([&] { Attributor::of_loss(*trainer); }),
            "model 'M' has no train block: it has no loss");
  auto words = trainer_of(
      "model W {\n input word: i32[B]\n output y = embedding(word, 5, 2)\n output k = argmax(y)\n}\n");
  EXPECT_EQ(message_of([&] { Attributor(*words, "y"); }), "nothing flows back from 'y' to the inputs");
  EXPECT_EQ(message_of([&] { Attributor(*words, "k"); }),
            "output 'k' is i32[B]: only floats change gradually with the inputs");
  Attributor attributor(*trainer, "y");
  auto explain = [&](int64_t index, AttributionOptions o) {
    return message_of([&] { attributor.explain({.inputs = {kX}}, index, o); });
  };
  EXPECT_EQ(explain(2, {}), "there is no element 2: the output has 2");
  EXPECT_EQ(explain(0, {.steps = 0}), "integrated gradients want at least one step, not 0");
  EXPECT_EQ(explain(0, {.samples = 0}), "smooth-grad wants at least one sample, not 0");
  EXPECT_EQ(explain(0, {.noise = -1}), "-1 is no share of noise");
  EXPECT_EQ(message_of([] { attribution_method("shap"); }), "there is no method 'shap'");
}

}  // namespace
}  // namespace nnc
