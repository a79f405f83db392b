// Training as an embedding program does it: the three ways to run a graph descend the same curve.
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>

#include <gtest/gtest.h>

#include "ir/parser.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/trainer.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

std::string example(const std::string& name) { return std::string(NNC_SOURCE_DIR) + "/examples/" + name; }

Module load(const std::string& text) {
  Diagnostics diagnostics("model.nn", text);
  ast::File file = parse(diagnostics);
  std::optional<Module> m = elaborate(file, diagnostics);
  EXPECT_TRUE(m) << diagnostics.render();
  return std::move(*m);
}

// The losses of the first steps over the data in their own order.
std::vector<double> losses(const std::string& text, const DataSpec& data, ExecutionMode mode, int steps) {
  Trainer trainer(load(text), {.engine = {.mode = mode, .threads = 2}});
  trainer.set_data(bind_data(load_data(data, ""), trainer.input_fields(), trainer.target_fields()));
  trainer.initialize();
  std::vector<double> out;
  for (int i = 0; i < steps; ++i) {
    std::vector<int64_t> rows(trainer.batch());
    std::iota(rows.begin(), rows.end(), i * trainer.batch());
    out.push_back(trainer.train_step(rows));
  }
  return out;
}

void modes_agree(const std::string& text, const DataSpec& data) {
  constexpr int kSteps = 20;
  std::vector<double> want = losses(text, data, ExecutionMode::Interpreted, kSteps);
  EXPECT_LT(want.back(), want.front());
  for (ExecutionMode mode : {ExecutionMode::Unfused, ExecutionMode::Fused}) {
    std::vector<double> got = losses(text, data, mode, kSteps);
    for (int i = 0; i < kSteps; ++i)
      EXPECT_NEAR(got[i], want[i], 1e-4) << name_of_enum(mode) << " step " << i;
  }
}

TEST(Trainer, ModesDescendTheSameCurveOnDigits) {
  std::string text = read_file(example("digits.nn"));
  modes_agree(text, *load(text).spec->data);
}

TEST(Trainer, ModesDescendTheSameCurveOnMnist) {
  fs::path data = fs::path(NNC_SOURCE_DIR) / ".." / "shared" / "data" / "mnist";
  if (!fs::exists(data)) GTEST_SKIP() << data << " is not here";
  std::string text = read_file(example("mnist_mlp.nn"));
  modes_agree(text, with_path(load(text).spec->data, data.string()));
}

}  // namespace
}  // namespace nnc
