// A loss or a gradient that is no finite number ends training with sound weights.
#include "runtime/finite.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "runtime/checkpoints.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

// The gradient of sqrt is infinite at 0, where the loss is 0: it is finite, and the gradient 0 / 0.
std::unique_ptr<Trainer> trainer_of(const std::string& loss, const std::vector<double>& xs,
                                    const std::string& lines = "batch 1", int64_t seed = 0,
                                    ExecutionMode mode = ExecutionMode::Interpreted, bool check = false) {
  auto t = std::make_unique<Trainer>(
      test::module_of("model M {\n input x: f64[B]\n param a: f64 = 1\n param idle: f64 = inf\n"
                      " output y = a * x\n}\n"
                      "train M {\n target t: f64[B]\n loss " +
                      loss + "\n optimizer sgd(lr = 1e-3)\n group params(\"idle\", frozen = true)\n " +
                      lines + "\n}"),
      TrainerOptions{.engine = {.mode = mode, .threads = 1}, .seed = seed, .check_finite = check});
  auto samples = static_cast<int64_t>(xs.size());
  Tensor x = Tensor::from(DType::F64, {samples}, xs), target(DType::F64, {samples});
  t->set_data({.train = {samples, {x}, {target}}});
  t->initialize();
  return t;
}

constexpr const char* kLog = "mean(log(y)) + 0 * mean(t)";
constexpr const char* kRoot = "mean(sqrt(y)) + 0 * mean(t)";

struct Ending {
  std::string says, weights, origin;
  int64_t epoch = 0, step = 0;
};

Ending run(Trainer& t, int64_t epochs) {
  try {
    while (t.position().epoch < epochs) t.train_epoch();
    t.require_sound();
  } catch (const NotFinite& e) {
    return {e.what(), e.weights(), e.origin() ? e.origin()->str() : "", t.position().epoch,
            t.position().step};
  }
  return {};
}

TEST(Finite, SeesEveryTypeOfNumber) {
  for (DType type : {DType::F32, DType::F64, DType::BF16}) {
    Tensor t = Tensor::from(type, {5}, {1.0, -0.0, 3e38, -3e38, 1e-40});
    EXPECT_TRUE(is_finite(t));
    for (double bad : std::initializer_list<double>{std::nan(""), INFINITY, -INFINITY}) {
      t.set(3, bad);
      EXPECT_FALSE(is_finite(t));
    }
  }
  EXPECT_TRUE(is_finite(Tensor(DType::I64, {3})));
}

TEST(Finite, ABadLossEndsTrainingAtItsStep) {
  for (ExecutionMode mode : {ExecutionMode::Interpreted, ExecutionMode::Fused}) {
    auto t = trainer_of(kLog, {1, 2, -1, 3}, "batch 1", 0, mode),
         same = trainer_of(kLog, {1, 2, -1, 3}, "batch 1", 0, mode);
    Ending e = run(*t, 3);
    EXPECT_EQ(e.epoch, 1);
    EXPECT_EQ(e.says, "the loss is nan in epoch 1, step " + std::to_string(e.step + 1));
    EXPECT_EQ(e.weights, "of the last finite step");
    if (e.step > 0) same->train_epoch([&](int64_t step, int64_t, double) { return step < e.step; });
    EXPECT_EQ(t->state().at("a"), same->state().at("a"));
  }
}

TEST(Finite, WhatAGradientSpoiltComesBack) {
  for (ExecutionMode mode : {ExecutionMode::Interpreted, ExecutionMode::Fused}) {
    auto t = trainer_of(kRoot, {1, 0, 4, 2}, "batch 1", 0, mode);
    Ending e = run(*t, 3);
    EXPECT_EQ(e.weights, "of the start");
    EXPECT_EQ(t->state().at("a").get(0), 1);
  }
}

// In an epoch of one step nothing but the weights tells; every later loss is NaN, and the first of them is found.
TEST(Finite, SpoiltWeightsAreFoundAtTheEndToo) {
  auto t = trainer_of(kRoot, {1, 0, 4, 2}, "batch full");
  Ending e = run(*t, 1);
  EXPECT_EQ(e.says, "the weights are no longer finite in epoch 1");
  EXPECT_EQ(t->state().at("a").get(0), 1);
  auto longer = trainer_of(kRoot, {1, 0, 4, 2}, "batch full");
  EXPECT_EQ(run(*longer, 3).says, "the loss is nan in epoch 2, step 1");
  EXPECT_EQ(longer->state().at("a").get(0), 1);
}

// Copies are of the ends of epochs, a hundred steps apart or more.
TEST(Finite, TheLastSoundEpochComesBack) {
  std::vector<double> xs(60, 1.0);
  auto t = trainer_of(kRoot, xs), same = trainer_of(kRoot, xs);
  for (int e = 0; e < 3; ++e) t->train_epoch();
  for (int e = 0; e < 2; ++e) same->train_epoch();
  t->state().at("a").set(0, std::nan(""));
  EXPECT_FALSE(t->is_sound());
  Ending e = run(*t, 9);
  EXPECT_EQ(e.weights, "of epoch 2");
  EXPECT_EQ(t->state().at("a"), same->state().at("a"));
  EXPECT_TRUE(t->is_sound());
}

// Every step is checked, so that nothing later hides where it began, and nothing of that step is kept.
TEST(Finite, ACheckedStepSaysWhereItComesFrom) {
  for (ExecutionMode mode : {ExecutionMode::Interpreted, ExecutionMode::Fused}) {
    auto forward = trainer_of(kLog, {1, 2, -1, 3}, "batch 2", 0, mode, true);
    Ending e = run(*forward, 3);
    EXPECT_EQ(e.weights, "of the last finite step");
    EXPECT_TRUE(e.says.starts_with("the loss is nan in epoch 1, step")) << e.says;
    EXPECT_TRUE(e.origin.starts_with("log in loss.log (line 9, column ")) << e.origin;
    EXPECT_NE(e.origin.find("forward, gives nan at ["), std::string::npos) << e.origin;
    auto backward = trainer_of(kRoot, {1, 0, 4, 2}, "batch full", 0, mode, true);
    e = run(*backward, 3);
    EXPECT_EQ(e.says, "'a' is no longer finite in epoch 1, step 1");
    EXPECT_NE(e.origin.find("backward, gives inf at [1] of [4]"), std::string::npos) << e.origin;
    EXPECT_EQ(backward->state().at("a").get(0), 1);
  }
}

TEST(Finite, SpoiltWeightsReachNoCheckpoint) {
  TestFolder folder;
  auto t = trainer_of(kRoot, std::vector<double>(4, 1.0));
  t->train_epoch();
  Checkpoints kept({folder.file("c.safetensors")});
  kept.save(*t);
  std::string before = slurp(folder.file("c.safetensors"));
  t->train_epoch([](int64_t, int64_t, double) { return false; });
  t->state().at("a").set(0, INFINITY);
  kept.save(*t);
  EXPECT_TRUE(slurp(folder.file("c.safetensors")) == before);
}

}  // namespace
}  // namespace nnc
