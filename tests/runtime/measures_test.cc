// Measures over a set against independent formulas: the numbers are NumPy's, of the whole set at once and in f64 (AUC by
// comparing all pairs). They are the same however the set is cut into batches, evaluated or trained on.
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "runtime/trainer.h"
#include "tests/ir/model_text.h"

namespace nnc {
namespace {

using test::errors_of;
using test::module_of;

constexpr int64_t kSamples = 50;

Tensor column(DType dtype, std::vector<int64_t> inner, const std::function<double(int64_t)>& value) {
  inner.insert(inner.begin(), kSamples);
  Tensor out(dtype, inner);
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, value(i));
  return out;
}

double score(int64_t i) { return static_cast<double>((i * 37 + 11) % 101 - 50) / 16; }

// Classes 0 to 3, 17, 12, 13 and 8 examples of them.
double category(int64_t n) {
  int64_t c = (n * n + 3 * n / 2) % 4;
  return c == 3 && n % 3 == 0 ? 0 : static_cast<double>(c);
}

struct Problem {
  std::string input, target, statement;
  Tensor x, y;
};

Problem classes() {
  return {"x: f32[B, 4]", "t: i32[B]", "x * s", column(DType::F32, {4}, score),
          column(DType::I32, {}, category)};
}

// One score per example, many of them equal.
Problem labels(DType type, const std::string& name) {
  auto halves = [](int64_t n) { return std::nearbyint(score(4 * n) * 2) / 2; };
  return {"x: f32[B]", "t: " + name + "[B]", "x * s", column(DType::F32, {}, halves),
          column(type, {}, [](int64_t n) { return category(n) >= 2; })};
}

Problem regression() {
  auto y = [](int64_t i) {
    return score(4 * (i / 2) + i % 2) * 0.75 + 1000 + static_cast<double>(i / 2) / 8;
  };
  auto x = [&](int64_t i) { return y(i) + static_cast<double>((i / 2 * 13) % 7 - 3) / 4; };
  return {"x: f32[B, 2]", "t: f32[B, 2]", "x * s", column(DType::F32, {2}, x), column(DType::F32, {2}, y)};
}

std::string model_of(const Problem& p, const std::string& metric) {
  return fmt::format(
      "model M {{\n input {}\n param s: f32[] = 1\n output y = {}\n}}\n"
      "train M {{\n target {}\n loss mean(y)\n metric {}\n optimizer sgd(lr = 0)\n}}\n",
      p.input, p.statement, p.target, metric);
}

std::unique_ptr<Trainer> trainer_of(const Problem& p, const std::string& metric, ExecutionMode mode,
                                    int64_t batch) {
  auto t = std::make_unique<Trainer>(module_of(model_of(p, metric)),
                                     TrainerOptions{.engine = {.mode = mode, .threads = 2}, .batch = batch});
  BoundTable table{kSamples, {p.x}, {p.y}};
  t->set_data({.train = table, .test = table});
  t->initialize();
  return t;
}

void expect_everywhere(const Problem& p, const std::string& metric, double want) {
  SCOPED_TRACE(metric);
  for (ExecutionMode mode : {ExecutionMode::Interpreted, ExecutionMode::Fused}) {
    for (int64_t batch : {1, 7, 50}) {
      SCOPED_TRACE(fmt::format("{}, batch {}", name_of_enum(mode), batch));
      auto t = trainer_of(p, metric, mode, batch);
      EpochReport r = t->train_epoch();
      EXPECT_NEAR(r.train.at(1).value, want, 2e-6 * std::abs(want));
      EXPECT_NEAR(r.test.at(1).value, want, 2e-6 * std::abs(want));
    }
  }
}

TEST(Measures, OfClasses) {
  Problem p = classes();
  expect_everywhere(p, "accuracy(y, t)", 0.2);
  expect_everywhere(p, "accuracy(y, t, ignore_index = 2)", 7.0 / 37);
  expect_everywhere(p, "top_k(y, t, k = 2)", 0.42);
  expect_everywhere(p, "top_k(y, t, k = 4)", 1);
  expect_everywhere(p, "precision(y, t)", 0.16481544771018453);
  expect_everywhere(p, "precision(y, t, average = \"weighted\")", 0.1479630895420369);
  expect_everywhere(p, "recall(y, t, average = \"macro\")", 0.22435897435897437);
  expect_everywhere(p, "recall(y, t, average = \"micro\")", 0.2);
  expect_everywhere(p, "f1(y, t)", 0.18883229579324656);
  expect_everywhere(p, "f1(y, t, average = \"weighted\")", 0.16888134314280326);
  expect_everywhere(p, "auc(y, t)", 0.45909929322274523);
  expect_everywhere(p, "perplexity(y, t)", 15.480134944211338);
  expect_everywhere(p, "perplexity(y, t, ignore_index = 2)", 16.23196672339876);
}

TEST(Measures, OfLabelsAndScores) {
  for (const Problem& p :
       {labels(DType::F32, "f32"), labels(DType::I32, "i32"), labels(DType::Bool, "bool")}) {
    SCOPED_TRACE(p.target);
    expect_everywhere(p, "auc(y, t)", 0.5927750410509032);
    expect_everywhere(p, "precision(y, t)", 0.5);
    expect_everywhere(p, "recall(y, t)", 0.5238095238095238);
    expect_everywhere(p, "f1(y, t)", 0.5116279069767442);
    expect_everywhere(p, "f1(y, t, threshold = 1)", 0.45714285714285713);
    expect_everywhere(p, "accuracy(y, t, threshold = 1)", 0.62);
  }
}

// Three examples are told right and two are ignored.
TEST(Measures, IgnoredLabelsCountNothing) {
  Problem p = labels(DType::I32, "i32");
  p.y = column(DType::I32, {}, [](int64_t i) { return i % 5 < 3 ? 1 : -1; });
  p.x = Tensor(p.x.dtype(), p.x.shape());
  for (int64_t i = 0; i < p.x.count(); ++i) p.x.set(i, 1);
  for (const char* metric : {"accuracy", "precision", "recall", "f1"})
    expect_everywhere(p, fmt::format("{}(y, t, ignore_index = -1)", metric), 1);
}

TEST(Measures, OfRegression) {
  expect_everywhere(regression(), "r2(y, t)", 0.94962990763712);
  // The set's mean of 1019.6 differs from the means of its batches.
  Problem one = regression();
  one.input = "x: f32[B, 1, 2]", one.target = "t: f32[B, 1, 2]";
  one.x = one.x.reshaped({kSamples, 1, 2}), one.y = one.y.reshaped({kSamples, 1, 2});
  expect_everywhere(one, "r2(y, t)", 0.94962990763712);
}

// Batches of 7 leave one of a single example, which must not weigh as much as the others.
TEST(Measures, AnExpressionIsItsMeanOverSamples) {
  expect_everywhere(classes(), "1 - accuracy(y, t)", 0.8);
  Problem p = regression();
  double squares = 0, distances = 0;
  for (int64_t i = 0; i < p.x.count(); ++i) {
    squares += std::pow(p.x.get(i) - p.y.get(i), 2) / 100;
    distances += std::abs(p.x.get(i) - p.y.get(i)) / 100;
  }
  expect_everywhere(p, "mse(y, t)", squares);
  expect_everywhere(p, "mae(y, t)", distances);
}

TEST(Measures, TheConfusionMatrixCountsTargetsByPredictions) {
  const std::vector<int64_t> want = {0, 7, 6, 4, 2, 5, 3, 2, 2, 5, 3, 3, 2, 2, 2, 2};
  for (const char* metric : {"confusion_matrix(y, t)", "accuracy(y, t)", "f1(y, t)"}) {
    auto t = trainer_of(classes(), metric, ExecutionMode::Fused, 7);
    Measure m = t->evaluate(t->data().test).at(1);
    EXPECT_EQ(m.confusion.counts, want) << metric;
    EXPECT_EQ(m.confusion.classes, 4);
    EXPECT_EQ(m.confusion.at(0, 2), 6);
    EXPECT_EQ(m.target, "t");
    EXPECT_EQ(m.has_value, std::string(metric).front() != 'c');
  }
}

TEST(Measures, WhereThereIsNothingToMeasure) {
  Problem p = classes();
  p.y = column(DType::I32, {}, [](int64_t) { return 1; });
  auto value = [&](const Problem& problem, const std::string& metric) {
    auto t = trainer_of(problem, metric, ExecutionMode::Interpreted, 16);
    return t->evaluate(t->data().test).at(1).value;
  };
  EXPECT_TRUE(std::isnan(value(p, "auc(y, t)"))) << "one class only";
  EXPECT_TRUE(std::isnan(value(p, "accuracy(y, t, ignore_index = 1)"))) << "no examples";
  for (const char* metric : {"perplexity", "precision", "recall", "f1", "auc"})
    EXPECT_TRUE(std::isnan(value(p, fmt::format("{}(y, t, ignore_index = 1)", metric)))) << metric;
  Problem flat = regression();
  flat.y = column(DType::F32, {2}, [](int64_t) { return 3; });
  EXPECT_EQ(value(flat, "r2(y, t)"), 0) << "a target that never changes";
  flat.x = flat.y;
  EXPECT_EQ(value(flat, "r2(y, t)"), 1) << "and is met";
}

TEST(Measures, ATargetThatIsNoClassIsAnError) {
  Problem p = classes();
  p.y = column(DType::I32, {}, [](int64_t n) { return n == 20 ? 4 : 0; });
  auto error = [&](const std::string& metric) -> std::string {
    try {
      trainer_of(p, metric, ExecutionMode::Fused, 16)->train_epoch();
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(error("accuracy(y, t)"),
            "target 't' of training sample 20 is class 4, the model has classes 0 to 3");
  for (const char* metric : {"accuracy", "precision", "recall", "f1", "confusion_matrix"}) {
    EXPECT_NE(error(fmt::format("{}(y, t + 0)", metric)).find("is no class of the model"), std::string::npos)
        << metric;
  }
  for (const char* metric : {"perplexity(y, t + 0)", "auc(y, t + 0)"}) {
    auto t = trainer_of(p, metric, ExecutionMode::Fused, 16);
    EXPECT_TRUE(std::isnan(t->train_epoch().train.at(1).value)) << metric;
  }
  Problem binary = labels(DType::I32, "i32");
  binary.y.set_int(20, -1);
  p = binary;
  EXPECT_NE(error("f1(y, t)").find("is no class of the model"), std::string::npos);
}

struct BadMetric {
  const char* metric;
  const char* says;
};

TEST(Measures, MistakesAreNamed) {
  const BadMetric cases[] = {
      {"f1(y)", "f1 needs 'target'"},
      {"f1(y, t, average = \"mean\")", "'average' is one of binary, macro, micro, weighted, not mean"},
      {"f1(y, t, average = \"binary\")", "a binary average is of 2 classes, and these are 4"},
      {"f1(y, y)", "no errors"},  // labels and scores of one shape
      {"precison(y, t)", "did you mean 'precision'?"},
      {"1 - f1(y, t)", "stands alone in a metric line"},
      {"accuracy(y, t, threshold = 1)", "accuracy's threshold is for a score and a label of one shape"},
      {"top_k(y, t, k = 5)", "top_k's k is from 1 to 4 classes, not 5"},
      {"r2(y, t)", "r2 compares two of one shape"},
      {"auc(t, y)", "auc takes logits [..., classes] and integer targets [...]"},
  };
  for (const BadMetric& c : cases) {
    std::string errors = errors_of(model_of(classes(), c.metric));
    EXPECT_NE(errors.find(c.says), std::string::npos) << c.metric << "\n" << errors;
  }
}

}  // namespace
}  // namespace nnc
