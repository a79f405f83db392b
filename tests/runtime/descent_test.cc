// How a Trainer descends: batches of every size, updates from several batches, averaged weights.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ir/parser.h"
#include "runtime/batches.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

constexpr int64_t kSamples = 22;

double x_of(int64_t i) { return 0.1 * static_cast<double>(i % 7) - 0.3; }
double t_of(int64_t i) { return std::sin(static_cast<double>(i)); }

std::unique_ptr<Trainer> trainer_of(const std::string& lines, ExecutionMode mode = ExecutionMode::Fused) {
  Diagnostics diagnostics("net.nn",
                          "model Line {\n input x: f64[B]\n param a: f64 = 0.5\n param b: f64 = -0.25\n"
                          " output y = a * x + b\n}\n"
                          "train Line {\n target t: f64[B]\n loss mse(y, t)\n " +
                              lines + "\n}\n");
  ast::File file = parse(diagnostics);
  std::optional<Module> module = elaborate(file, diagnostics);
  EXPECT_TRUE(module) << diagnostics.render();
  auto t =
      std::make_unique<Trainer>(std::move(*module), TrainerOptions{.engine = {.mode = mode, .threads = 2}});
  Tensor x(DType::F64, {kSamples}), target(DType::F64, {kSamples});
  for (int64_t i = 0; i < kSamples; ++i) x.set(i, x_of(i)), target.set(i, t_of(i));
  t->set_data({.train = {kSamples, {x}, {target}}, .test = {kSamples, {x}, {target}}});
  t->initialize();
  return t;
}

std::vector<double> weights_of(Trainer& t) { return {t.state().at("a").get(0), t.state().at("b").get(0)}; }

// Plain gradient descent on a line, as the formula says it.
std::vector<double> formula(int64_t batch, int epochs, int64_t seed, double rate) {
  double a = 0.5, b = -0.25;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    std::vector<int64_t> order = epoch_order(kSamples, seed, epoch);
    if (batch >= kSamples) std::iota(order.begin(), order.end(), 0);
    for (int64_t begin = 0; begin < kSamples; begin += batch) {
      int64_t end = std::min(begin + batch, kSamples);
      double da = 0, db = 0;
      for (int64_t k = begin; k < end; ++k) {
        double error = a * x_of(order[k]) + b - t_of(order[k]);
        da += 2 * error * x_of(order[k]) / static_cast<double>(end - begin);
        db += 2 * error / static_cast<double>(end - begin);
      }
      a -= rate * da;
      b -= rate * db;
    }
  }
  return {a, b};
}

TEST(Descent, FullMiniAndSingleBatchesFollowTheFormula) {
  struct Case {
    const char* batch;
    int64_t size;
  };
  for (const Case& c :
       {Case{"full", kSamples}, Case{"1", 1}, Case{"6", 6}, Case{"21", 21}, Case{"99", kSamples}}) {
    for (ExecutionMode mode : {ExecutionMode::Fused, ExecutionMode::Interpreted}) {
      SCOPED_TRACE(c.batch);
      auto t = trainer_of(std::string("optimizer sgd(lr = 0.05)\n seed 4\n batch ") + c.batch, mode);
      for (int e = 0; e < 3; ++e) t->train_epoch();
      std::vector<double> want = formula(c.size, 3, 4, 0.05), got = weights_of(*t);
      for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(got[i], want[i], 1e-14);
    }
  }
}

// The last update of an epoch takes what remains: 22 samples are two updates of 2·6 and 6 + 4 samples.
TEST(Descent, AccumulatedBatchesAreOneLargeBatch) {
  for (const char* optimizer : {"optimizer sgd(lr = 0.05, momentum = 0.9)", "optimizer adam(lr = 0.05)"}) {
    auto one = trainer_of(std::string(optimizer) + "\n batch 12"),
         parts = trainer_of(std::string(optimizer) + "\n batch 6\n accumulate 2");
    for (int e = 0; e < 4; ++e) {
      EpochReport want = one->train_epoch(), got = parts->train_epoch();
      EXPECT_EQ(want.steps * 2, got.steps);
      EXPECT_NEAR(want.test[0].value, got.test[0].value, 1e-13);
    }
    for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(weights_of(*one)[i], weights_of(*parts)[i], 1e-13);
  }
}

TEST(Descent, ARunStoppedBetweenTheBatchesOfAnUpdateGoesOnToTheSameBits) {
  std::string lines = "optimizer adam(lr = 0.05)\n batch 5\n accumulate 3\n average 0.9\n clip norm(0.1)";
  auto whole = trainer_of(lines);
  for (int e = 0; e < 2; ++e) whole->train_epoch();
  for (int64_t stop = 0; stop < 10; ++stop) {
    auto first = trainer_of(lines), second = trainer_of(lines);
    while (first->position().total_steps < stop)
      first->train_epoch([&](int64_t, int64_t, double) { return first->position().total_steps < stop; });
    second->restore(first->checkpoint(), "c");
    while (second->position().open || second->position().epoch < 2) second->train_epoch();
    for (const auto& [path, tensor] : whole->state()) EXPECT_EQ(second->state().at(path), tensor) << path;
  }
}

TEST(Descent, OtherUpdatesAreAnotherRun) {
  Safetensors saved = trainer_of("optimizer sgd")->checkpoint();
  for (const char* line : {"clip norm(1)", "accumulate 2", "average 0.9", "group params(\"a\", rate = 2)"}) {
    auto other = trainer_of(std::string("optimizer sgd\n ") + line);
    std::string error = error_of([&] { other->restore(saved, "c"); });
    EXPECT_NE(error.find("updates: "), std::string::npos) << error;
  }
}

// The rate is part of the step's inputs: what is trained is what the formula says of those rates.
TEST(Descent, ASchedulesRatesAreThoseOfTheSteps) {
  auto t = trainer_of("optimizer sgd(lr = 0.1)\n batch full\n schedule step(1, gamma = 0.5)");
  auto constant = trainer_of("optimizer sgd(lr = 0.1)\n batch full");
  EXPECT_EQ(t->train_epoch().learning_rate, 0.1);
  constant->train_epoch();
  EXPECT_EQ(weights_of(*t), weights_of(*constant));
  EXPECT_EQ(t->train_epoch().learning_rate, 0.05);
  auto slower = trainer_of("optimizer sgd(lr = 0.05)\n batch full");
  for (const auto& [path, tensor] : constant->state())
    std::ranges::copy(tensor.bytes(), slower->state().at(path).bytes().begin());
  slower->train_epoch();
  EXPECT_EQ(weights_of(*t), weights_of(*slower));
}

// A schedule's steps are updates: 22 samples in batches of 5 are five batches and, by twos, three updates.
TEST(Descent, AScheduleCountsUpdates) {
  auto t = trainer_of(
      "optimizer sgd(lr = 1e-3)\n batch 5\n accumulate 2\n schedule step(1, gamma = 0.5, per = \"step\")");
  EXPECT_EQ(t->train_epoch().learning_rate, 1e-3 / 4);
  EXPECT_EQ(t->train_epoch().learning_rate, 1e-3 / 32);
}

// The metric does not get better by a tenth, so the rate falls after every epoch.
TEST(Descent, AScheduleThatWatchesGoesOnFromACheckpoint) {
  std::string lines =
      "optimizer adam(lr = 1e-3)\n batch 5\n schedule linear(total_iters = 3, per = \"step\"), "
      "reduce_on_plateau(\"test_loss\", patience = 0, threshold = 0.1, factor = 0.5)";
  auto whole = trainer_of(lines);
  std::vector<double> rates;
  for (int e = 0; e < 5; ++e) rates.push_back(whole->train_epoch().learning_rate);
  EXPECT_EQ(rates, (std::vector<double>{1e-3, 1e-3, 5e-4, 2.5e-4, 1.25e-4}));
  for (int64_t stop = 0; stop < 25; stop += 3) {
    auto first = trainer_of(lines), second = trainer_of(lines);
    while (first->position().total_steps < stop)
      first->train_epoch([&](int64_t, int64_t, double) { return first->position().total_steps < stop; });
    second->restore(first->checkpoint(), "c");
    while (second->position().open || second->position().epoch < 5) second->train_epoch();
    for (const auto& [path, tensor] : whole->state()) EXPECT_EQ(second->state().at(path), tensor) << path;
  }
}

TEST(Descent, AnotherScheduleIsAnotherRun) {
  Safetensors saved = trainer_of("optimizer sgd\n schedule cosine(5)")->checkpoint();
  auto other = trainer_of("optimizer sgd\n schedule cosine(6)");
  std::string error = error_of([&] { other->restore(saved, "c"); });
  EXPECT_NE(error.find("schedule: cosine(T_max = 6"), std::string::npos) << error;
}

TEST(Descent, AMetricOfAPartThatIsMissingIsAnError) {
  std::string error =
      error_of([] { trainer_of("optimizer sgd\n schedule reduce_on_plateau(metric = \"val_loss\")"); });
  EXPECT_NE(error.find("reduce_on_plateau watches 'val_loss', and the data have no such part"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("split shares(validation = 0.1)"), std::string::npos) << error;
}

// Test measures, predictions and the weights file are the average's; a checkpoint serves as weights with it.
TEST(Descent, AveragedWeightsAreWhatIsEvaluatedAndWritten) {
  TestFolder folder;
  auto t = trainer_of("optimizer sgd(lr = 0.5)\n batch 4\n average 0.9");
  EpochReport report = t->train_epoch();
  double a = t->state().at("a.average").get(0), b = t->state().at("b.average").get(0), loss = 0;
  EXPECT_NE(a, t->state().at("a").get(0));
  for (int64_t i = 0; i < kSamples; ++i) loss += std::pow(a * x_of(i) + b - t_of(i), 2) / kSamples;
  EXPECT_NEAR(report.test[0].value, loss, 1e-14);
  Tensor x = Tensor::from(DType::F64, {2}, {1, 3});
  EXPECT_NEAR(t->predict({x})[0].tensor.get(1), 3 * a + b, 1e-14);

  t->save_weights(folder.file("w"));
  EXPECT_EQ(load_safetensors(folder.file("w")).find("a")->get(0), a);
  EXPECT_EQ(load_safetensors(folder.file("w")).find("a.average"), nullptr);
  Safetensors checkpoint = t->checkpoint();
  save_safetensors(folder.file("c"), checkpoint.tensors, checkpoint.metadata);
  for (const char* file : {"w", "c"}) {
    auto other = trainer_of("optimizer sgd");
    other->load_weights(folder.file(file));
    EXPECT_EQ(weights_of(*other), (std::vector<double>{a, b})) << file;
    auto averaged = trainer_of("optimizer sgd\n average 0.5");
    averaged->load_weights(folder.file(file));
    EXPECT_EQ(averaged->predict({x})[0].tensor, t->predict({x})[0].tensor) << file;
  }
}

}  // namespace
}  // namespace nnc
