#include "runtime/batches.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nnc {
namespace {

TEST(EpochOrder, IsAPermutationOfSeedAndEpoch) {
  std::vector<int64_t> order = epoch_order(1000, 1, 0);
  EXPECT_EQ(order, epoch_order(1000, 1, 0));
  EXPECT_NE(order, epoch_order(1000, 1, 1));
  EXPECT_NE(order, epoch_order(1000, 2, 0));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(epoch_order(0, 1, 0).empty());
}

// Each of the six orders of three comes about as often: chi-square with 5 degrees of freedom stays below 20.5
// in 999 of 1,000 draws.
TEST(EpochOrder, IsUniform) {
  int counts[27] = {};
  for (int64_t epoch = 0; epoch < 6000; ++epoch) {
    std::vector<int64_t> o = epoch_order(3, 5, epoch);
    ++counts[o[0] * 9 + o[1] * 3 + o[2]];
  }
  double chi = 0;
  for (int c : counts) chi += c == 0 ? 0 : (c - 1000.) * (c - 1000.) / 1000;
  EXPECT_EQ(std::count(counts, counts + 27, 0), 21);
  EXPECT_LT(chi, 20.5);
}

TEST(Batches, TheLastOneHoldsWhatRemains) {
  struct Case {
    int64_t samples, batch, count, last, largest;
  };
  const Case cases[] = {
      {10, 4, 3, 2, 4}, {8, 4, 2, 4, 4}, {3, 64, 1, 3, 3}, {5, 0, 1, 5, 5}, {1, 1, 1, 1, 1}};
  for (const Case& c : cases) {
    Batches batches(c.samples, c.batch);
    EXPECT_EQ(batches.count(), c.count);
    EXPECT_EQ(batches.size(c.count - 1), c.last);
    EXPECT_EQ(batches.largest(), c.largest);
    std::vector<int64_t> order = epoch_order(c.samples, 0, 0);
    EXPECT_EQ(batches.rows(c.count - 1, order).back(), order.back());
  }
  EXPECT_EQ(Batches(0, 4).count(), 0);
}

TEST(GatherRows, CopiesRowsOfEverySize) {
  for (int64_t width : {1, 3, 4, 8, 784}) {
    Tensor column(DType::U8, {5, width});
    for (int64_t i = 0; i < column.count(); ++i) column.set_int(i, i * 7 % 251);
    const int64_t rows[] = {4, 0, 4};
    Tensor out(DType::U8, {3, width});
    gather_rows(column, rows, out.bytes());
    for (int64_t r = 0; r < 3; ++r) {
      for (int64_t i = 0; i < width; ++i) {
        ASSERT_EQ(out.get_int(r * width + i), column.get_int(rows[r] * width + i));
      }
    }
  }
}

}  // namespace
}  // namespace nnc
