// What ends a run, and that a run which goes on from a checkpoint ends where the uninterrupted one does.
#include "runtime/stopping.h"

#include <cmath>

#include <gtest/gtest.h>

#include "runtime/trainer.h"
#include "tests/ir/model_text.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

using test::errors_of;
using test::module_of;

// A line through points that bend: the loss falls, the test part's loss rises again.
std::string model_with(const std::string& lines) {
  return "model Line {\n input x: f64[B]\n param a: f64 = 0.5\n param b: f64 = -0.25\n output y = a * x + "
         "b\n}\n"
         "train Line {\n target t: f64[B]\n loss mse(y, t)\n metric r2(y, t)\n seed 4\n " +
         lines + "\n}\n";
}

std::unique_ptr<Trainer> trainer_of(const std::string& lines) {
  auto t =
      std::make_unique<Trainer>(module_of(model_with("optimizer sgd(lr = 0.02)\n batch 4\n " + lines)),
                                TrainerOptions{.engine = {.mode = ExecutionMode::Interpreted, .threads = 1}});
  constexpr int64_t kSamples = 22;
  Tensor x(DType::F64, {kSamples}), target(DType::F64, {kSamples}), other(DType::F64, {kSamples});
  for (int64_t i = 0; i < kSamples; ++i) {
    double at = 0.1 * static_cast<double>(i);
    x.set(i, at), target.set(i, std::sin(at)), other.set(i, 0.45 * at + 0.05);
  }
  t->set_data({.train = {kSamples, {x}, {target}}, .test = {kSamples, {x}, {other}}});
  t->initialize();
  return t;
}

/// Epochs until a rule ends the run, or `most`.
std::vector<EpochReport> run(Trainer& t, int64_t most = 50) {
  std::vector<EpochReport> out;
  while ((t.position().open || t.position().epoch < most) && t.stop_reason().empty())
    out.push_back(t.train_epoch());
  return out;
}

EpochReport with_loss(int64_t epoch, double loss) {
  return {.epoch = epoch, .train = {{"loss", loss}, {"r2", -loss}}};
}

TEST(Stopping, WatchesAMetric) {
  struct Case {
    const char* rule;
    std::vector<double> losses;
    int64_t stops;  // after so many epochs; 0: not at all
    const char* why;
  };
  const double nan = std::nan("");
  const Case cases[] = {
      {"loss_below(0.5)", {1, 0.5, 0.4, 0.1}, 3, "loss is 0.4, below 0.5"},
      {"loss_below(-1, metric = \"r2\")", {1, nan, 2}, 3, "r2 is -2, below -1"},
      {"patience(2)",
       {1, 0.9, 0.95, 0.8, 0.8, 0.9},
       6,
       "loss has not got better than 0.8 of epoch 4 for 2 epochs"},
      {"patience(2, min_delta = 0.1)",
       {1, 0.95, 0.91, 0.5},
       3,
       "loss has not got better than 1 of epoch 1 for 2 epochs"},
      {"patience(3, metric = \"r2\")",
       {1, 2, 3, 4},
       4,
       "r2 has not got better than -1 of epoch 1 for 3 epochs"},
      {"patience(3, metric = \"r2\", mode = \"min\")", {1, 2, 3, 4}, 0, ""},
      {"patience(2)", {nan, nan, 1}, 2, "loss has been no number so far"},
      {"patience(2)", {1, nan, 0.5, nan, 0.4}, 0, ""},
      {"loss_below(0), patience(1)", {1, 1}, 2, "loss has not got better than 1 of epoch 1 for 1 epoch"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.rule);
    Module m = module_of(model_with(std::string("optimizer sgd\n stop ") + c.rule));
    Stopping rules(m.spec->stops, m.spec->measures), other = rules;
    int64_t epoch = 0;
    for (double loss : c.losses) {
      rules.after_epoch(with_loss(++epoch, loss));
      other.set_memory(rules.memory());
      EXPECT_EQ(other.due(0) == nullptr, rules.due(0) == nullptr);
      EXPECT_EQ(rules.due(0) != nullptr, epoch == c.stops) << epoch;
      if (rules.due(0)) break;
    }
    const CallSpec* due = rules.due(0);
    EXPECT_EQ(due ? rules.why(*due, 0) : "", c.why);
  }
}

TEST(Stopping, CountsStepsInTheMiddleOfAnEpoch) {
  auto t = trainer_of("stop steps(15)"), whole = trainer_of("");
  std::vector<EpochReport> reports = run(*t);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_FALSE(reports[1].cut);
  EXPECT_TRUE(reports[2].cut);
  EXPECT_EQ(reports[2].steps, 3);
  EXPECT_EQ(reports[2].stopped, "15 steps are done");
  EXPECT_TRUE(std::isfinite(reports[2].train[0].value));
  EXPECT_EQ(reports[2].test.size(), 2u);
  // Further steps may be added later: all of them are those of a run that was never cut.
  auto more = trainer_of("stop steps(18)");
  more->restore(t->checkpoint(), "c");
  EXPECT_EQ(run(*more).size(), 1u);
  for (int e = 0; e < 3; ++e) whole->train_epoch();
  EXPECT_EQ(more->state(), whole->state());
  EXPECT_EQ(more->position().open, false);
}

TEST(Stopping, SecondsEndARunWithoutANumberOfEpochs) {
  auto t = trainer_of("stop seconds(1e-9)");
  EXPECT_EQ(t->module().spec->epochs, kEndless);
  std::vector<EpochReport> reports = run(*t, kEndless);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].steps, 1);
  EXPECT_EQ(reports[0].stopped, "1e-09 seconds are over");
}

TEST(Stopping, ARunThatGoesOnStopsWhereTheOtherDoes) {
  std::string lines = "stop patience(3, metric = \"test_loss\", min_delta = 1e-3)";
  auto whole = trainer_of(lines);
  std::vector<EpochReport> reports = run(*whole);
  ASSERT_GT(reports.size(), 4u);
  ASSERT_LT(reports.size(), 50u);
  Safetensors last = whole->checkpoint();
  EXPECT_EQ(whole->restore_best(), static_cast<int64_t>(reports.size()) - 3);
  for (int64_t stop = 0; stop <= whole->position().total_steps; ++stop) {
    auto first = trainer_of(lines), second = trainer_of(lines);
    while (first->position().total_steps < stop)
      first->train_epoch([&](int64_t, int64_t, double) { return first->position().total_steps < stop; });
    second->restore(first->checkpoint(), "c");
    run(*second);
    EXPECT_EQ(second->position().total_steps, whole->position().total_steps) << stop;
    Safetensors got = second->checkpoint();
    ASSERT_EQ(got.tensors.size(), last.tensors.size());
    for (size_t i = 0; i < got.tensors.size(); ++i) {
      if (got.tensors[i].name == "nnc/seconds") continue;
      EXPECT_EQ(got.tensors[i].tensor, last.tensors[i].tensor) << got.tensors[i].name;
    }
    second->restore_best();
    EXPECT_EQ(second->state(), whole->state());
  }
}

// The best epoch's weights, averages in place of what they average, are what is measured and written.
TEST(Stopping, TheBestWeightsComeBack) {
  for (const char* average : {"", "average 0.5\n "}) {
    auto t = trainer_of(std::string(average) + "stop patience(2, metric = \"test_loss\")");
    std::vector<EpochReport> reports = run(*t);
    double last = t->evaluate(t->data().test)[0].value, best = reports[reports.size() - 3].test[0].value;
    EXPECT_EQ(reports.back().stopped, t->stop_reason());
    EXPECT_GT(last, best);
    EXPECT_EQ(t->restore_best(), static_cast<int64_t>(reports.size()) - 2);
    EXPECT_EQ(t->evaluate(t->data().test)[0].value, best);
  }
  auto kept = trainer_of("stop patience(2, metric = \"test_loss\", restore_best = false)");
  run(*kept);
  EXPECT_EQ(kept->restore_best(), 0);
}

TEST(Stopping, FullAndSingleBatchesStopToo) {
  for (const char* lines : {"batch full", "batch 1", "batch 21"}) {
    Trainer t(module_of(model_with(std::string("optimizer sgd(lr = 0.05)\n stop steps(23), patience(30)\n ") +
                                   lines)),
              {.engine = {.mode = ExecutionMode::Interpreted, .threads = 1}});
    Tensor x(DType::F64, {22}), target(DType::F64, {22});
    t.set_data({.train = {22, {x}, {target}}});
    t.initialize();
    run(t);
    EXPECT_EQ(t.position().total_steps, 23) << lines;
  }
}

TEST(Stopping, OtherRulesThatWatchAreAnotherRun) {
  Safetensors saved = trainer_of("stop patience(3), steps(100)")->checkpoint();
  trainer_of("stop patience(3), steps(200), seconds(5)")->restore(saved, "c");
  auto other = trainer_of("stop patience(4)");
  std::string error = error_of([&] { other->restore(saved, "c"); });
  EXPECT_NE(error.find("stop: patience(epochs = 4"), std::string::npos) << error;
}

TEST(Stopping, MistakesAreNamed) {
  struct Case {
    const char* rule;
    const char* says;
  };
  const Case cases[] = {
      {"step(3)", "'step' is not a stopping rule, such as patience(5, metric = \"val_loss\")"},
      {"step(3)", "did you mean 'steps'?"},
      {"steps(0)", "steps's 'count' is a number from 1 to 1000000000000000, not 0"},
      {"steps(1.5)", "steps's 'count' is a whole number, not the number 1.5"},
      {"seconds(0)", "seconds's 'limit' is a number above 0, not 0"},
      {"loss_below(nan)", "loss_below's 'limit' is a number"},
      {"patience(0)", "patience's 'epochs' is a number from 1"},
      {"patience(3, min_delta = -1)", "'min_delta' is a number of at least 0, not -1"},
      {"patience(3, metric = \"r3\")", "patience watches the metric 'r3', and there is none of that name"},
      {"patience(3, metric = \"r3\")", "did you mean 'r2'?"},
      {"patience(3), patience(4, metric = \"r2\")", "two rules restore the weights of their best epochs"},
  };
  for (const Case& c : cases) {
    std::string errors = errors_of(model_with(std::string("optimizer sgd\n stop ") + c.rule));
    EXPECT_NE(errors.find(c.says), std::string::npos) << c.rule << "\n" << errors;
  }
  Module m = module_of(model_with("optimizer sgd\n stop steps(5)\n epochs 3"), {"train.stop.steps.count=7"});
  EXPECT_EQ(m.spec->stops[0].integer("count"), 7);
  EXPECT_EQ(m.spec->epochs, 3);
}

}  // namespace
}  // namespace nnc
