// The examples that draw their data learn what they say they learn.
#include <gtest/gtest.h>

#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"

namespace nnc {
namespace {

/// The accuracy on the test part after training by the file's own settings, but for these.
double test_accuracy(const std::string& example, const Overrides& overrides) {
  Module module = test::module_of(read_file(NNC_SOURCE_DIR "/examples/" + example), overrides);
  Trainer trainer(std::move(module), {.engine = {.threads = 1}});
  const TrainSpec& spec = *trainer.module().spec;
  trainer.set_data(
      bind_data(load_data(*spec.data, ""), trainer.input_fields(), trainer.target_fields(), spec.split));
  trainer.initialize();
  EpochReport report;
  for (int64_t e = 0; e < spec.epochs; ++e) report = trainer.train_epoch();
  return report.test[1].value;
}

TEST(Examples, SpiralsAreToldApart) {
  for (const char* seed : {"0", "1", "2"})
    EXPECT_GE(test_accuracy("spirals.nn", {std::string("train.seed=") + seed}), 0.99) << "seed " << seed;
}

TEST(Examples, BlocksLearnDigits) {
  EXPECT_GE(test_accuracy("mlp_from_blocks.nn", {"train.epochs=2"}), 0.97);
}

}  // namespace
}  // namespace nnc
