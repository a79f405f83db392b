#include "ir/tensor.h"

#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "ir/error.h"

namespace nnc {
namespace {

TEST(Tensor, HoldsAlignedRowMajorElements) {
  Tensor t = Tensor::from(DType::I32, {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t.bytes().data()) % Tensor::kAlignment, 0u);
  EXPECT_EQ(t.bytes().size(), 24u);
  EXPECT_EQ(t.as<int32_t>()[4], 5);
  EXPECT_EQ(t.type_str(), "i32[2, 3]");
  EXPECT_EQ(Tensor(DType::F32, {3, 0, 2}).count(), 0);
}

// Rows whole pages apart share sets of a cache, and those of a weight's moments, which are read beside it, have sets of their
// own.
TEST(Tensor, LargeOnesLieApartInAPage) {
  for (int64_t rows : {64, 1024, 2048}) {
    Tensor weight = Tensor::apart(DType::F32, {rows, 1024}), mean = Tensor::apart(DType::F32, {rows, 1024}),
           variance = Tensor::apart(DType::F32, {rows, 1024});
    std::set<uintptr_t> places;
    for (const Tensor* t : {&weight, &mean, &variance}) {
      auto address = reinterpret_cast<uintptr_t>(t->bytes().data());
      EXPECT_EQ(address % Tensor::kAlignment, 0u);
      places.insert(address % 4096 / 256);
      EXPECT_EQ(t->get(t->count() - 1), 0);
    }
    EXPECT_EQ(places.size(), 3u) << rows;
    weight.set(7, 3);
    Tensor copy = weight, moved = std::move(weight);
    weight = std::move(mean);
    EXPECT_EQ(copy, moved);
    EXPECT_EQ(weight, variance);
  }
}

TEST(Tensor, CopiesAreDeepAndEqualityIsByBits) {
  Tensor a = Tensor::from(DType::F32, {2}, {NAN, 0.0}), b = a;
  EXPECT_EQ(a, b);
  b.set(1, -0.0);
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(std::signbit(a.get(1)));
  EXPECT_FALSE(Tensor(DType::F32, {2}) == Tensor(DType::F32, {1, 2}));
}

TEST(Tensor, RefusesImpossibleShapes) {
  EXPECT_THROW(Tensor(DType::F32, {2, -1}), Error);
  EXPECT_THROW(Tensor(DType::F32, {int64_t{1} << 40, int64_t{1} << 40}), Error);
  EXPECT_THROW(Tensor(DType::F64, {int64_t{1} << 61}), Error);
  EXPECT_THROW(Tensor(DType::F64, {int64_t{1} << 58}), Error);
  EXPECT_THROW(Tensor::from(DType::F32, {3}, {1, 2}), Error);
  EXPECT_THROW(Tensor(DType::F32, {6}).reshaped({4}), Error);
}

struct CastCase {
  DType from;
  double value;
  DType to;
  double expected;
};

TEST(Tensor, CastFollowsTheOpsRules) {
  const CastCase cases[] = {
      {DType::F32, -2.9, DType::I32, -2},
      {DType::F64, 1e30, DType::I32, 2147483647},
      {DType::F64, -INFINITY, DType::I64, static_cast<double>(std::numeric_limits<int64_t>::min())},
      {DType::F32, NAN, DType::I32, 0},
      {DType::F32, -1, DType::U8, 0},
      {DType::F32, 300, DType::U8, 255},
      {DType::I32, 300, DType::U8, 44},
      {DType::I32, -1, DType::U8, 255},
      {DType::U8, 255, DType::I32, 255},
      {DType::F32, NAN, DType::Bool, 1},
      {DType::F32, -0.0, DType::Bool, 0},
      {DType::I32, 256, DType::Bool, 1},
      {DType::Bool, 1, DType::F32, 1},
      {DType::F32, 1.00390625, DType::BF16, 1.0},  // a tie goes to the even neighbour
      {DType::F32, 1.01171875, DType::BF16, 1.015625},
      {DType::I32, 16777217, DType::F32, 16777216},
  };
  for (const CastCase& c : cases) {
    Tensor out = Tensor::scalar(c.from, c.value).cast(c.to);
    EXPECT_EQ(out.dtype(), c.to);
    EXPECT_EQ(out.get(0), c.expected) << name_of(c.from) << " " << c.value << " to " << name_of(c.to);
  }
}

TEST(Tensor, CastOfWideIntegersRoundsOnce) {
  Tensor wide(DType::I64, {});
  wide.set_int(0, (int64_t{1} << 60) + (int64_t{1} << 36) +
                      1);  // through f64 this would lose the last bit, then tie down
  EXPECT_EQ(wide.cast(DType::F32).as<float>()[0], 0x1.000002p60f);
}

TEST(Tensor, ViewsShareWhatSomebodyElseKeeps) {
  auto numbers = std::make_shared<std::vector<int32_t>>(std::vector<int32_t>{1, 2, 3, 4, 5, 6});
  std::weak_ptr<void> alive = numbers;
  const auto* start = reinterpret_cast<const std::byte*>(numbers->data());
  Tensor view = Tensor::view(DType::I32, {2, 2}, {numbers, start + 4});
  numbers.reset();
  EXPECT_TRUE(view.is_view());
  EXPECT_EQ(view, Tensor::from(DType::I32, {2, 2}, {2, 3, 4, 5}));
  Tensor copy = view, reshaped = Tensor(view).reshaped({4});
  EXPECT_EQ(copy.bytes().data(), start + 4);
  EXPECT_EQ(reshaped.bytes().data(), start + 4);
  EXPECT_FALSE(view.cast(DType::F32).is_view());
  view = Tensor(), copy = Tensor();
  EXPECT_FALSE(alive.expired());
  reshaped = Tensor();
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace nnc
