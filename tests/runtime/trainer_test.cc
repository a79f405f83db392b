// Training as an embedding program does it: the three ways to run a graph descend the same curve.
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>

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

// However many layers there are: kernels read the same rows of all three.
TEST(Trainer, WeightsLieApartFromTheirMoments) {
  constexpr const char* kDeep = R"(model Deep {
  input x: f32[B, 128]
  h = x
  repeat 12 { h = relu(linear(h, 128)) }
  output y = linear(h, 128)
}
train Deep {
  data      csv("no.csv", target = "t")
  target    t: f32[B, 128]
  loss      mse(y, t)
  optimizer adam(lr = 0.001)
}
)";
  Trainer trainer(load(kDeep), {});
  int weights = 0;
  for (const auto& [path, moment] : trainer.state()) {
    if (!path.ends_with(".weight.adam.m")) continue;
    const std::string weight = path.substr(0, path.size() - std::string_view(".adam.m").size());
    std::set<uintptr_t> places;
    for (const std::string& name : {weight, weight + ".adam.m", weight + ".adam.v"})
      places.insert(reinterpret_cast<uintptr_t>(trainer.state().at(name).bytes().data()) % 4096 / 512);
    EXPECT_EQ(places.size(), 3u) << weight;
    ++weights;
  }
  EXPECT_EQ(weights, 13);
}

}  // namespace
}  // namespace nnc
