// What the train block and the settings of a run become: optimizer, batches, split, columns, clips, and the loss's parts.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/ir/model_text.h"
#include "tests/ir/samples.h"

namespace nnc::test {
namespace {

TEST(Elaborate, SettingsReplaceWhatTheFileSays) {
  Module m = module_of(kSamples[0], {"train.lr=3e-4", "train.batch=full", "train.epochs=2", "train.seed=9",
                                     "train.optimizer.beta1=0.5", "model.hidden2=16"});
  EXPECT_EQ(m.spec->update.optimizer, (OptimizerSpec{"adam", {{"lr", 3e-4}, {"beta1", 0.5}}}));
  EXPECT_EQ(m.spec->batch, 0);
  EXPECT_EQ(m.spec->epochs, 2);
  EXPECT_EQ(m.spec->seed, 9);
  EXPECT_EQ(m.predict.type(m.predict.outputs()[0].value).str(), "f32[B, 10]");
  m = module_of(kSamples[0], {"train.split=folds", "train.split.folds=5", "train.split.fold=3"});
  EXPECT_EQ(m.spec->split.kind, SplitSpec::Kind::Folds);
  EXPECT_EQ(m.spec->split.folds, 5);
  EXPECT_EQ(m.spec->split.fold, 3);
  Module sgd = module_of(kSamples[0], {"train.optimizer=sgd", "train.momentum=0.9"});
  EXPECT_EQ(sgd.spec->update.optimizer, (OptimizerSpec{"sgd", {{"momentum", 0.9}}}));
}

TEST(Elaborate, TheLossSaysWhichOutputScoresClasses) {
  struct Case {
    const char* loss;
    std::vector<std::string> scores;  // output, target, kind
  };
  const Case cases[] = {
      {"cross_entropy(y, t)", {"y t 0"}},
      {"cross_entropy(target = t, logits = y)", {"y t 0"}},
      {"nll(y, t) + 0.1 * l2(params(\"*\"))", {"y t 1"}},
      {"0.5 * cross_entropy(y, t) + binary_cross_entropy_with_logits(z, b)", {"y t 0", "z b 2"}},
      {"focal(z, b)", {"z b 2"}},
      {"binary_cross_entropy(z, b)", {"z b 3"}},
      {"cross_entropy(2 * y, t)", {}},
      {"mse(z, cast(b, f32))", {}},
  };
  for (const Case& c : cases) {
    Module m = module_of(
        std::string("model M {\n input x: f32[B, 2]\n output y = linear(x, 3)\n output z = sum(x, 1)\n}\n"
                    "train M {\n target t: i32[B]\n target b: i32[B]\n optimizer sgd\n loss ") +
        c.loss + "\n}\n");
    std::vector<std::string> got;
    for (const ClassScores& s : m.spec->scores)
      got.push_back(s.output + " " + s.target + " " + std::to_string(static_cast<int>(s.kind)));
    EXPECT_EQ(got, c.scores) << c.loss;
  }
}

TEST(Elaborate, ColumnsAreCallsInTheirOrder) {
  std::string text = kSamples[0];
  text.insert(text.rfind('}'),
              "  columns impute(\"a*\", by = \"mean\"), one_hot(\"b\", \"c\", size = 3)\n"
              "  columns min_max([\"a1\"], high = 2)\n");
  EXPECT_EQ(str(module_of(text, {"train.columns.impute.by=median"}).spec->columns),
            "impute(columns = [\"a*\"], by = \"median\"), "
            "one_hot(columns = [\"b\", \"c\"], unknown = \"error\", size = 3), "
            "min_max(columns = [\"a1\"], low = 0, high = 2)");
}

TEST(Elaborate, SettingsReachIntoTheCallsOfTheTrainBlock) {
  std::string text = kSamples[0];
  text.insert(text.rfind('}'), "  clip norm(1), value(2)\n  accumulate 2\n");
  UpdateSpec update =
      module_of(text, {"train.clip.value.limit=0.5", "train.accumulate=3", "train.average=0.99"})
          .spec->update;
  EXPECT_EQ(str(update.clips), "norm(limit = 1), value(limit = 0.5)");
  EXPECT_EQ(update.accumulate, 3);
  EXPECT_EQ(update.average, 0.99);
  EXPECT_NE(errors_of(text, {"train.clip.norm.limit=-1"}).find("norm's 'limit' is a number above 0, not -1"),
            std::string::npos);
  EXPECT_NE(errors_of(text, {"train.clip.norm.limt=1"}).find("did you mean 'train.clip.norm.limit'?"),
            std::string::npos);
}

TEST(Elaborate, PenaltiesReadParametersByPath) {
  Module m = module_of(
      "model M {\n input x: f32[B, 4]\n h = linear(x, 3)\n output y = linear(batch_norm(h), 2)\n}\n"
      "train M {\n loss l2(params(\"h.*.weight\")) + 10 * l1(params(\"*.bias\"), params(\"y.*.weight\"))\n "
      "optimizer sgd\n}\n");
  double want = 0;
  NamedTensors params = patterned_params(m.train);
  for (const auto& [path, t] : params) {
    bool squared = path == "h.linear.weight", absolute = path.ends_with(".bias") || path.ends_with("weight");
    for (int64_t i = 0; i < t.count() && is_float(t.dtype()); ++i)
      want += squared ? t.get(i) * t.get(i) : absolute ? 10 * std::abs(t.get(i)) : 0;
  }
  EXPECT_NEAR(interpret(m.train, {{"x", Tensor(DType::F32, {1, 4})}}, params)[0].get(0), want, 1e-4);
}

TEST(Elaborate, RefusesUnknownSettings) {
  EXPECT_EQ(errors_of(kSamples[0], {"train.bath=3"}),
            "model.nn: error: nothing is called 'train.bath' here, so it cannot be set\n"
            "help: did you mean 'train.batch'?\n");
  EXPECT_EQ(errors_of(kSamples[0], {"x"}),
            "model.nn: error: the setting 'x' is not of the form name=value\n");
  EXPECT_EQ(errors_of(kSamples[0], {"train.lr=-1"}),
            "model.nn: error: adam's 'lr' is a number of at least 0, not the number -1\n");
  EXPECT_NE(errors_of("model M(V) { output x = zeros[V] }").find("'V' has no value"), std::string::npos);
}

}  // namespace
}  // namespace nnc::test
