// Batches gathered ahead are those gathered when they are asked for.
#include "runtime/feeder.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

#include "runtime/batches.h"
#include "runtime/data_source.h"
#include "runtime/epoch_order.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"

namespace nnc {
namespace {

constexpr int64_t kSamples = 64, kWidth = 40'000;

/// Wide rows, so that a batch of eight is worth a thread.
BoundTable wide_table() {
  Tensor x(DType::U8, {kSamples, kWidth}), t(DType::I32, {kSamples});
  for (int64_t i = 0; i < kSamples; ++i) {
    std::fill_n(x.as<uint8_t>().begin() + i * kWidth, kWidth, static_cast<uint8_t>(i));
    t.set_int(i, i);
  }
  BoundTable out{kSamples, {}, {}};
  out.inputs.push_back(std::move(x));
  out.targets.push_back(std::move(t));
  return out;
}

void expect_rows(const InputPointers& batch, std::span<const int64_t> rows) {
  ASSERT_EQ(batch.size(), 2u);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(static_cast<int64_t>(batch[0][i * kWidth]), rows[i]);
    EXPECT_EQ(static_cast<int64_t>(batch[0][(i + 1) * kWidth - 1]), rows[i]);
    EXPECT_EQ(reinterpret_cast<const int32_t*>(batch[1])[i], rows[i]);
  }
}

TEST(Feeder, AheadOrNotTheRowsAreThoseAskedFor) {
  BoundTable table = wide_table();
  std::vector<int64_t> order = epoch_order(kSamples, 1, 1);
  Batches batches(kSamples, 8);
  for (int threads : {1, 2}) {
    Feeder feeder(table, 8, true, threads);
    for (int64_t i = 0; i < batches.count(); ++i) {
      const InputPointers& batch = feeder.gather(batches.rows(i, order));
      // Foreseen well, wrongly, not at all, twice, and in part.
      if (i % 5 == 0) feeder.ahead(batches.rows(i + 1, order));
      if (i % 5 == 1) feeder.ahead(batches.rows(0, order));
      if (i % 5 == 3) feeder.ahead(batches.rows(1, order)), feeder.ahead(batches.rows(i + 1, order));
      if (i % 5 == 4 && i + 1 < batches.count()) feeder.ahead(batches.rows(i + 1, order).first(3));
      expect_rows(batch, batches.rows(i, order));
    }
  }
}

TEST(Feeder, EndsWhileItWorksAhead) {
  BoundTable table = wide_table();
  std::vector<int64_t> order = epoch_order(kSamples, 1, 1);
  for (int i = 0; i < 20; ++i) {
    Feeder feeder(table, 8, true, 2);
    feeder.ahead(Batches(kSamples, 8).rows(0, order));
  }
}

TEST(HelperThread, AnExceptionArrivesAtTheEndOfItsWork) {
  int runs = 0;
  HelperThread helper([&] {
    if (++runs == 2) throw std::runtime_error("second");
  });
  for (int i = 1; i <= 3; ++i) {
    helper.start();
    EXPECT_EQ(helper.finish() != nullptr, i == 2);
    EXPECT_EQ(helper.finish(), nullptr);
  }
  EXPECT_EQ(runs, 3);
}

TEST(EpochOrder, IsThatOfSeedAndEpochHoweverItIsAskedFor) {
  constexpr int64_t kMany = (1 << 20) + 5;
  for (int threads : {1, 2}) {
    EpochOrder order(kMany, true, 7, threads);
    for (int64_t epoch : {1, 2, 2, 3, 7, 8, 1}) {
      std::span<const int64_t> got = order.of(epoch);
      EXPECT_TRUE(std::ranges::equal(got, epoch_order(kMany, 7, epoch))) << epoch;
    }
  }
  EpochOrder plain(5, false, 7, 1);
  EXPECT_TRUE(std::ranges::equal(plain.of(3), std::vector<int64_t>{0, 1, 2, 3, 4}));
}

// Rows of 32 KiB in batches of 16: with two threads the next batch is gathered ahead.
constexpr const char* kWideModel = R"(model Wide {
  input x: f32[B, 8192]
  output y = linear(x, 1)
}
train Wide {
  data      linear(n = 70, features = 8192, noise = 0.1, seed = 3)
  target    y_of_x: f32[B, 1]
  loss      mse(y, y_of_x)
  optimizer sgd(lr = 1e-5)
  batch     16
}
)";

TEST(Feeder, TrainingHasTheSameBitsForAnyNumberOfThreads) {
  std::vector<std::vector<double>> losses;
  std::vector<Tensor> weights;
  for (int threads : {1, 2, 3}) {
    Trainer t(test::module_of(kWideModel), {.engine = {.threads = threads}});
    t.set_data(bind_data(load_data(*t.module().spec->data, ""), t.input_fields(), t.target_fields()));
    t.initialize();
    losses.emplace_back();
    for (int epoch = 0; epoch < 3; ++epoch) {
      EpochReport r = t.train_epoch();
      losses.back().push_back(r.train[0].value);
      losses.back().push_back(r.test[0].value);
    }
    weights.push_back(t.state().at("y.linear.weight"));
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(losses[0], losses[2]);
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
}

}  // namespace
}  // namespace nnc
