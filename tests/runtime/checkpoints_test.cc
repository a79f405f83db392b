// Checkpoints: going on from any step gives the bits of the run that never stopped; what does not belong together is
// refused; what is on disk stays whole.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>

#include "ir/parser.h"
#include "runtime/checkpoints.h"
#include "runtime/data_source.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

// Moments, running statistics, random numbers and a last batch that is smaller: everything that a resumed run could
// get wrong.
constexpr std::string_view kModel = R"(model Net(hidden = 6) {
  input image: u8[B, 28, 28]
  h = linear(flatten(cast(image, f32) / 255), hidden)
  h = dropout(relu(h), 0.3)
  output logits = linear(h, 10)
}
train Net {
  data      digits(n = 50, seed = 2)
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  metric    perplexity(logits, digit)
  metric    auc(logits, digit)
  metric    r2(sum(logits, axis = 1), cast(digit, f32))
  optimizer adam(lr = 1e-2)
  batch     16
  seed      3
}
)";

std::unique_ptr<Trainer> trainer_of(const std::vector<std::string>& settings = {}, int64_t samples = 50) {
  Diagnostics diagnostics("net.nn", std::string(kModel));
  ast::File file = parse(diagnostics);
  std::optional<Module> module = elaborate(file, diagnostics, settings);
  EXPECT_TRUE(module) << diagnostics.render();
  module->spec->data->named["n"] = samples;
  DataSpec data = *module->spec->data;
  auto t = std::make_unique<Trainer>(
      std::move(*module), TrainerOptions{.engine = {.mode = ExecutionMode::Interpreted, .threads = 1}});
  t->set_data(bind_data(load_data(data, ""), t->input_fields(), t->target_fields()));
  t->initialize();
  return t;
}

void train(Trainer& t, int64_t epochs) {
  while (t.position().open || t.position().epoch < epochs) t.train_epoch();
}

std::string weights_of(const Trainer& t, const TestFolder& folder) {
  t.save_weights(folder.file("w.safetensors"));
  return slurp(folder.file("w.safetensors"));
}

TEST(Checkpoints, GoingOnFromAnyStepGivesTheSameBitsAndReports) {
  TestFolder folder;
  auto whole = trainer_of();
  whole->train_epoch();
  EpochReport want = whole->train_epoch();
  for (int64_t stop = 0; stop <= 8; ++stop) {
    SCOPED_TRACE(stop);
    auto first = trainer_of();
    while (first->position().total_steps < stop)
      first->train_epoch([&](int64_t, int64_t, double) { return first->position().total_steps < stop; });
    save_safetensors(folder.file("c"), first->checkpoint().tensors, first->checkpoint().metadata);
    auto second = trainer_of();
    second->restore(load_safetensors(folder.file("c")), "c");
    EpochReport got{};
    while (second->position().open || second->position().epoch < 2) got = second->train_epoch();
    EXPECT_TRUE(weights_of(*second, folder) == weights_of(*whole, folder));
    for (size_t m = 0; m < want.train.size(); ++m) {
      EXPECT_EQ(got.train[m].value, want.train[m].value);
      EXPECT_EQ(got.test[m].value, want.test[m].value);
    }
  }
}

TEST(Checkpoints, AnotherModelOtherDataAndSettingsAreNamed) {
  auto first = trainer_of();
  Safetensors saved = first->checkpoint();
  struct Case {
    std::vector<std::string> settings;
    int64_t samples;
    const char* says;
  };
  const Case cases[] = {{{"train.batch=8"}, 50, "batch: 8, and 16 in the checkpoint"},
                        {{"train.seed=4"}, 50, "seed: 4, and 3 in the checkpoint"},
                        {{"train.lr=0.5"}, 50, "adam(lr = 0.5"},
                        {{"train.optimizer=sgd"}, 50, "optimizer: sgd("},
                        {{"model.hidden=7"}, 50, "'h.linear.weight' has another shape"},
                        {{}, 51, "training data: 51 samples"}};
  for (const Case& c : cases) {
    auto other = trainer_of(c.settings, c.samples);
    std::string error = error_of([&] { other->restore(saved, "c"); });
    EXPECT_NE(error.find(c.says), std::string::npos) << error;
    EXPECT_EQ(other->position().epoch, 0);
  }
  Safetensors weights{{}, {{"kind", "weights"}}};
  EXPECT_NE(error_of([&] { first->restore(weights, "w"); }).find("--weights"), std::string::npos);
}

TEST(Checkpoints, ACheckpointServesAsWeights) {
  TestFolder folder;
  auto t = trainer_of();
  train(*t, 1);
  save_safetensors(folder.file("c"), t->checkpoint().tensors, t->checkpoint().metadata);
  auto other = trainer_of();
  other->load_weights(folder.file("c"));
  EXPECT_TRUE(weights_of(*other, folder) == weights_of(*t, folder));
}

TEST(Checkpoints, AFolderKeepsTheNewestAndTheBest) {
  TestFolder folder;
  auto t = trainer_of();
  {
    Checkpoints kept({folder.file("run"), {3, CheckpointInterval::Steps}, 2});
    for (int e = 0; e < 3; ++e) {
      kept.after_epoch(*t,
                       t->train_epoch([&](int64_t, int64_t, double) { return kept.after_step(*t), true; }));
    }
    EXPECT_TRUE(fs::exists(folder.file("run/best.safetensors")));
    EXPECT_TRUE(fs::exists(folder.file("run/step-000000000009.safetensors")));
    EXPECT_TRUE(fs::exists(folder.file("run/step-000000000012.safetensors")));
    EXPECT_FALSE(fs::exists(folder.file("run/step-000000000006.safetensors")));
    EXPECT_NE(
        error_of([&] { Checkpoints again({folder.file("run")}, folder.file("run")); }).find("another run"),
        std::string::npos);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"run"}) << "the lock is gone";
  EXPECT_NE(error_of([&] { Checkpoints again({folder.file("run")}); }).find("earlier run"),
            std::string::npos);
  EXPECT_EQ(newest_checkpoint(folder.file("run")), folder.file("run/step-000000000012.safetensors"));
  Checkpoints again({folder.file("run")}, folder.file("run"));
  std::string old = error_of([&] { again.restore(*t, folder.file("run/step-000000000009.safetensors")); });
  EXPECT_NE(old.find("later checkpoints"), std::string::npos) << old;
}

TEST(Checkpoints, WhatADeadRunLeftUnfinishedIsRemoved) {
  TestFolder folder;
  fs::create_directory(folder.file("run"));
  folder.write("run/step-000000000001.safetensors.tmp-123-0", "half");
  folder.write("one.safetensors.tmp-99-1", "half");
  folder.write("other.safetensors.tmp-99-1", "somebody else's");
  { Checkpoints many({folder.file("run")}); }
  { Checkpoints one({folder.file("one.safetensors")}); }
  EXPECT_TRUE(fs::is_empty(folder.file("run")));
  EXPECT_FALSE(fs::exists(folder.file("one.safetensors.tmp-99-1")));
  EXPECT_TRUE(fs::exists(folder.file("other.safetensors.tmp-99-1")));
}

TEST(Checkpoints, AFullDiskLeavesTheOldCheckpointWhole) {
  TestFolder folder;
  auto t = trainer_of();
  std::string path = folder.file("c.safetensors");
  Checkpoints kept({path});
  kept.save(*t);
  std::string before = slurp(path);
  train(*t, 1);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_IGN);
  rlimit little{before.size() / 2, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &little);
  std::string error = error_of([&] { kept.save(*t); });
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_DFL);
  EXPECT_NE(error.find("cannot write"), std::string::npos) << error;
  EXPECT_TRUE(slurp(path) == before);
  EXPECT_EQ(folder.names().size(), 2u) << "the checkpoint and the lock";
}

TEST(Checkpoints, PlacesThatCannotBeWrittenAndIntervalsThatAreNone) {
  TestFolder folder;
  folder.write("file", "");
  EXPECT_NE(error_of([&] { Checkpoints c({folder.file("file/run")}); }), "");
  EXPECT_NE(error_of([&] { Checkpoints c({folder.file("file/run.safetensors")}); }), "");
  EXPECT_NE(error_of([&] { newest_checkpoint(folder.path()); }), "");
  EXPECT_EQ(checkpoint_interval("5min").count, 300);
  EXPECT_EQ(checkpoint_interval("100steps").unit, CheckpointInterval::Steps);
  EXPECT_EQ(checkpoint_interval("2epochs").count, 2);
  for (const char* bad :
       {"", "5", "min", "0steps", "-1epoch", "5 min", "99999999999999999999s", "9223372036854775807h"})
    EXPECT_NE(error_of([&] { checkpoint_interval(bad); }), "") << bad;
}

TEST(Checkpoints, AnImpossiblePositionIsAnError) {
  auto t = trainer_of();
  Safetensors saved = t->checkpoint();
  auto position = std::ranges::find(saved.tensors, "nnc/position", &NamedTensor::name);
  for (int64_t step : {int64_t{-1}, int64_t{5}, INT64_MAX}) {
    position->tensor.set_int(1, step);
    EXPECT_NE(error_of([&] { t->restore(saved, "c"); }).find("damaged"), std::string::npos) << step;
  }
  saved.tensors.erase(position);
  EXPECT_NE(error_of([&] { t->restore(saved, "c"); }).find("missing"), std::string::npos);
}

}  // namespace
}  // namespace nnc
