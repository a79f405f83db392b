// Every layer against PyTorch: inputs and parameters follow the patterns of model_text.h, and what torch 1.13 makes of
// them in f64 is written here.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "ir/layers.h"
#include "tests/ir/model_text.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

struct LayerCase {
  const char* inputs;
  const char* expression;
  std::vector<int64_t> shape;
  std::vector<double> values;
};

const LayerCase kCases[] = {
    {"x: f64[2, 3]", "linear(x, 2)", {2, 2}, {0.21875, 1.09375, 0.0625, 1.15625}},
    {"x: f64[2, 1, 3]", "linear(x, 2, bias = false)", {2, 1, 2}, {0.46875, 0.46875, 0.3125, 0.53125}},
    {"x: f64[5]", "relu(x)", {5}, {0.0, 0.0, 1.25, 0.0, 0.5}},
    {"x: f64[4]", "sigmoid(40 * x)", {4}, {1.928749847963918e-22, 0.5, 1.0, 9.357622968839299e-14}},
    {"x: f64[4]", "tanh(x)", {4}, {-0.8482836399575129, 0.0, 0.8482836399575129, -0.6351489523872873}},
    {"x: f64[4]", "gelu(x)", {4}, {-0.13206221708356905, 0.0, 1.117937782916431, -0.16997051428265111}},
    {"x: f64[2, 3]", "softmax(1000 * x)", {2, 3}, {0.0, 0.0, 1.0, 0.0, 1.0, 0.0}},
    {"x: f64[2, 3]",
     "softmax(x, axis = 0)",
     {2, 3},
     {0.37754066879814546, 0.37754066879814546, 0.9399133498259924, 0.6224593312018546, 0.6224593312018546,
      0.06008665017400762}},
    {"x: f64[2, 3]",
     "log_softmax(x)",
     {2, 3},
     {-2.813780863337258, -1.563780863337258, -0.31378086333725796, -1.6019518638028019, -0.3519518638028018,
      -2.351951863802802}},
    {"x: f64[2, 3]",
     "layer_norm(x)",
     {2, 3},
     {0.05618474816463326, 0.625, 0.27809237408231663, -0.19949274384474502, 1.4457429125228929,
      -0.013894954426951156}},
    {"x: f64[2, 3, 2]",
     "batch_norm(x)",
     {2, 3, 2},
     {0.03867321011316038, -0.3221683025282901, 0.9932831450576528, -0.18522291912683628, 0.1842922317922001,
      -0.13193300443286715, -0.25, -0.6108415126414505, -0.3325361771498974, 0.40403011296540825,
      0.34240484990473374, 0.02617961367966648}},
    {"x: f64[1, 2, 4, 4]",
     "conv(x, 2, kernel = 3, pad = 1)",
     {1, 2, 4, 4},
     {-0.28125, -0.03125, -0.125, -1.4375, -1.375,  1.4375,   -0.03125, -0.78125, 0.34375, -2.0,    2.21875,
      -0.21875, -0.34375, 0.75,   0.40625, 0.59375, 1.09375,  0.15625,  1.65625,  1.9375,  -0.3125, 0.4375,
      0.5,      0.71875,  1.3125, 1.5,     0.75,    -1.21875, -0.8125,  -0.625,   1.34375, 1.8125}},
    {"x: f64[1, 1, 7, 6]",
     "conv(x, 2, kernel = [3, 2], stride = 2, dilation = [2, 1], pad = [1, 0], bias = false)",
     {1, 2, 3, 3},
     {-1.15625, 0.28125, 0.5, 0.84375, 0.78125, -1.71875, 0.84375, -1.28125, 0.65625, -0.90625, 0.46875,
      -0.1875, 1.34375, 0.78125, -2.21875, 1.53125, -1.46875, 0.40625}},
    {"x: f64[2, 2, 5]",
     "conv(x, 1, 2)",
     {2, 1, 4},
     {-0.03125, 0.125, -0.53125, 0.03125, -0.5, 0.0625, -0.59375, -0.03125}},
    {"x: f64[1, 1, 4, 4]", "max_pool(x, 2)", {1, 1, 2, 2}, {0.5, 1.25, 0.75, 1.5}},
    {"x: f64[1, 1, 4, 5]",
     "max_pool(x, 3, stride = 2, pad = 1)",
     {1, 1, 2, 3},
     {0.0, 1.25, 0.5, 1.5, 1.0, 0.25}},
    {"x: i32[2, 2]", "embedding(x, 3, 2)", {2, 2, 2}, {0.125, -0.375, -0.25, 0.625, 0.5, 0.0, 0.125, -0.375}},
    {"x: f64[1, 3, 4]",
     "attention(x, x, x, 2, causal = true)",
     {1, 3, 4},
     {-1.25, 0.0, 1.25, -0.75, 0.32695645269364576, -1.3516769594516964, 0.023056668155918475,
      0.6814338871514285, -0.9600522855405351, -0.054741184202146534, 1.3080705975316915,
      -0.5370809731750401}},
    {"x: f64[1, 2, 4], k: f64[1, 3, 4]",
     "attention(x, k, 2 * k, 2)",
     {1, 2, 4},
     {-1.931111632406146, -0.11809246822136799, 2.605233474363563, -1.0842058426725747, 0.45083689316512465,
      -2.4582349708525264, 0.554417534808718, 0.9562659825226982}},
    {"x: f64[2, 3], y: f64[2, 3]", "mse(x, y * y)", {}, {3.9759114583333335}},
    {"x: f64[3, 4], t: i32[3]", "cross_entropy(100 * x, t)", {}, {58.333333333333336}},
    {"x: f64[1, 2, 3], t: i32[1, 2]", "cross_entropy(x, t)", {}, {1.58286636357003}},
    {"x: f64[5, 3], t: i32[5]", "accuracy(x, t)", {}, {0.4000000059604645}},
    {"x: f64[2, 3]", "mean(x, axis = -1)", {2}, {0.0, -0.5833333333333334}},
    {"x: f64[2, 3]", "sum(x, axis = [0], keep = true)", {1, 3}, {-2.0, 0.5, -0.25}},
    {"x: f64[2, 3]", "max(x) - min(x, axis = 1)", {2}, {2.5, 2.75}},
    {"x: f64[2, 3]", "transpose(x)[1:, 0] ** 3 / 2", {2}, {0.0, 0.9765625}},
    {"x: f64[2, 3, 4]", "transpose(x, [2, 0, 1])[-1]", {2, 3}, {-0.75, 1.0, -0.5, 1.25, -0.25, 1.5}},
    {"x: f64[2, 2]", "concat(x, 2 * x, axis = 0)", {4, 2}, {-1.25, 0.0, 1.25, -0.75, -2.5, 0.0, 2.5, -1.5}},
    {"x: f64[2, 3], y: f64[3, 2]", "dot(x, y)", {2, 2}, {2.1875, -1.875, 0.8125, 1.875}},
    {"x: f64[2, 2, 3], y: f64[2, 3, 1]", "dot(x, y)", {2, 2, 1}, {3.125, -0.9375, 2.1875, 1.3125}},
    {"x: f64[3, 2], i: i32[2]", "gather(x, i)", {2, 2}, {1.25, -0.75, -1.25, 0.0}},
    {"x: f64[4]", "where(x > 0 and not (x >= 1), x, maximum(-x, 1))", {4}, {1.25, 1.0, 1.0, 1.0}},
    {"x: f64[2, 3]", "flatten(reshape(x, [3, 1, 2]))", {3, 2}, {-1.25, 0.0, 1.25, -0.75, 0.5, -1.5}},
};

std::string model_text(const LayerCase& c) {
  std::string text = "model M {\n", inputs = c.inputs;
  for (size_t at = 0; (at = inputs.find("], ")) != std::string::npos;) inputs.replace(at, 3, "]\n  input ");
  return text + "  input " + inputs + "\n  output result = " + c.expression + "\n}\n";
}

TEST(Layers, AgreeWithPyTorch) {
  for (const LayerCase& c : kCases) {
    SCOPED_TRACE(c.expression);
    Graph g = module_of(model_text(c)).predict;
    Tensor got = interpret(g, patterned_inputs(g), patterned_params(g))[0];
    Tensor want = Tensor::from(DType::F64, c.shape, c.values);
    EXPECT_EQ(compare_relative(got, want, got.dtype() == DType::F64 ? 1e-12 : 1e-6, 1e-10), "");
  }
}

TEST(Layers, EveryOneHasASignatureAndADocumentation) {
  for (const LayerRow& row : all_layers()) {
    EXPECT_FALSE(parse_signature(row.signature).empty()) << row.name;
    EXPECT_FALSE(row.doc.empty()) << row.name;
    EXPECT_EQ(find_layer(row.name), &row) << "two layers of one name";
  }
}

TEST(Layers, SplitGivesEqualParts) {
  Graph g = module_of("model M {\n input x: f64[2, 6]\n a, b, c = split(x, 3)\n output b, c\n}").predict;
  std::vector<Tensor> got = interpret(g, patterned_inputs(g));
  EXPECT_EQ(got[0], Tensor::from(DType::F64, {2, 2}, {1.25, -0.75, -1, 0.25}));
  EXPECT_EQ(got[1], Tensor::from(DType::F64, {2, 2}, {0.5, -1.5, 1.5, -0.5}));
}

// torch.nn.BatchNorm1d in training: the batch's moments, and running statistics moved by a tenth.
TEST(Layers, BatchNormTrainsOnTheBatch) {
  Module m = module_of(
      "model M {\n input x: f64[3, 2]\n output y = batch_norm(x)\n}\n"
      "train M {\n loss sum(y)\n optimizer sgd\n}");
  NamedTensors inputs{{"x", Tensor::from(DType::F64, {3, 2}, {1, 2, 3, 6, 5, 1})}};
  NamedTensors params;
  for (const char* name : {"weight", "running_var"})
    params.emplace(std::string("y.batch_norm.") + name, Tensor::from(DType::F64, {2}, {1, 1}));
  for (const char* name : {"bias", "running_mean"})
    params.emplace(std::string("y.batch_norm.") + name, Tensor::from(DType::F64, {2}, {0, 0}));
  std::vector<Tensor> out = interpret(m.train, inputs, params);
  auto output = [&](const char* name, bool write) {
    return out[m.train.find_output(name, write) - m.train.outputs().data()];
  };
  EXPECT_EQ(compare_relative(output("y.batch_norm.running_mean", true),
                             Tensor::from(DType::F64, {2}, {0.3, 0.3}), 1e-14),
            "");
  EXPECT_EQ(compare_relative(output("y.batch_norm.running_var", true),
                             Tensor::from(DType::F64, {2}, {1.3, 1.6}), 1e-14),
            "");
  double unit = 1.2247438507;
  EXPECT_EQ(compare_relative(output("y", false),
                             Tensor::from(DType::F64, {3, 2}, {-unit, -0.46291, 0, 1.38873, unit, -0.92582}),
                             1e-5, 1e-3),
            "");
  EXPECT_EQ(m.eval.find_output("y.batch_norm.running_mean", true), nullptr);
}

TEST(Layers, DropoutDropsInTrainingOnly) {
  Module m = module_of(
      "model M {\n input x: f32[100, 100]\n output y = dropout(x, 0.25)\n}\n"
      "train M {\n loss sum(y)\n optimizer sgd\n}");
  NamedTensors inputs{{"x", Tensor::filled({100, 100}, Literal::from_double(DType::F32, 3))}};
  auto run = [&](const Graph& g, int64_t step) {
    Tensor counter = Tensor::scalar(DType::I64, static_cast<double>(step));
    return interpret(g, inputs, {{"train.step", counter}, {"train.seed", Tensor(DType::I64, {})}}).at(1);
  };
  Tensor first = run(m.train, 0);
  int64_t dropped = 0;
  for (int64_t i = 0; i < first.count(); ++i) {
    if (first.get(i) == 0)
      ++dropped;
    else
      EXPECT_FLOAT_EQ(first.get(i), 4);
  }
  EXPECT_NEAR(dropped, 2500, 150);  // 3.5 standard deviations
  EXPECT_EQ(run(m.train, 0), first);
  EXPECT_FALSE(run(m.train, 1) == first);
  EXPECT_EQ(run(m.eval, 0), inputs.at("x"));
}

// In a scan every step draws its own numbers.
TEST(Layers, DropoutInAScanDiffersFromStepToStep) {
  Module m = module_of(
      "model M {\n input x: f32[50, T]\n ys = scan x as s over T carry n = zeros[1] {\n  yield dropout(s)\n "
      "}\n output ys\n}\n"
      "train M {\n loss sum(ys)\n optimizer sgd\n}");
  NamedTensors inputs{{"x", Tensor::filled({50, 2}, Literal::from_double(DType::F32, 1))}};
  Tensor zero(DType::I64, {});
  Tensor ys = interpret(m.train, inputs, {{"train.step", zero}, {"train.seed", zero}}).at(1);
  int64_t differ = 0;
  for (int64_t i = 0; i < 50; ++i) differ += ys.get(2 * i) != ys.get(2 * i + 1);
  EXPECT_GT(differ, 10);
  EXPECT_LT(differ, 40);
}

TEST(Sigmoid, IsAccurateInBothTails) {
  const double x[] = {-700, -40, -1, 0, 1, 40, 700};
  Graph g = module_of("model M {\n input x: f64[7]\n output y = sigmoid(x)\n}").predict;
  Tensor y = interpret(g, {{"x", Tensor::from(DType::F64, {7}, x)}})[0];
  for (int i = 0; i < 7; ++i) EXPECT_DOUBLE_EQ(y.get(i), 1 / (1 + std::exp(-x[i])));
}

}  // namespace
}  // namespace nnc::test
