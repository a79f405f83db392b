// Every layer against PyTorch's numbers (tests/support/layer_rows.h), and what rows of numbers cannot show.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "ir/layers.h"
#include "tests/ir/model_text.h"
#include "tests/support/compare.h"
#include "tests/support/layer_rows.h"

namespace nnc::test {
namespace {

TEST(Layers, AgreeWithPyTorch) {
  for (const LayerCase& c : layer_cases()) {
    SCOPED_TRACE(c.expression);
    Graph g = module_of(model_text(c)).predict;
    Tensor got = interpret(g, patterned_inputs(g), patterned_params(g))[0];
    Tensor want = Tensor::from(is_float(got.dtype()) ? DType::F64 : got.dtype(), c.shape, c.values);
    EXPECT_EQ(compare_relative(got, want, got.dtype() == DType::F64 ? 1e-12 : 1e-6, 1e-10), "");
  }
}

TEST(Layers, EveryOneHasARowOfNumbers) {
  std::string expressions;
  for (const LayerCase& c : layer_cases()) expressions += std::string(" ") + c.expression + "\n";
  for (const LayerRow& row : all_layers()) {
    bool found = false;
    for (const char* before : {" ", "(", "-"})
      found |= expressions.find(before + std::string(row.name) + "(") != std::string::npos;
    // Drawn numbers have tests of their own, and so has what gives several results or none that differ.
    found |= row.name == "dropout" || row.name == "split";
    EXPECT_TRUE(found) << row.name;
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
