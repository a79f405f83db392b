// Leaves, movement, windows and indexing on tensors small enough to check by eye.
#include <cmath>

#include <gtest/gtest.h>

#include "ir/error.h"
#include "ir/philox.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

struct Case {
  std::string name;
  std::vector<Tensor> inputs;
  std::function<Value(Builder&, const Values&)> build;
  Tensor expected;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(eval(c.inputs, c.build), c.expected) << c.name;
}

TEST(InterpretMovement, MatchesHandMadeResults) {
  Tensor m = counting(DType::F32, {2, 3}), v = counting(DType::I32, {6});
  auto inf = Literal::from_double(DType::F32, -INFINITY);
  check({
      {"reshape",
       {m},
       [](Builder& b, auto& x) {
         return b.reshape(x[0], {3, 2});
       },
       counting(DType::F32, {3, 2})},
      {"transpose",
       {m},
       [](Builder& b, auto& x) {
         return b.permute(x[0], {1, 0});
       },
       f32({3, 2}, {0, 3, 1, 4, 2, 5})},
      {"rotate",
       {counting(DType::U8, {2, 2, 3})},
       [](Builder& b, auto& x) {
         return b.permute(x[0], {2, 0, 1});
       },
       Tensor::from(DType::U8, {3, 2, 2}, {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11})},
      {"rows",
       {f32({3}, {1, 2, 3})},
       [](Builder& b, auto& x) {
         return b.broadcast(x[0], {2, 3}, {1});
       },
       f32({2, 3}, {1, 2, 3, 1, 2, 3})},
      {"columns",
       {f32({2}, {1, 2})},
       [](Builder& b, auto& x) {
         return b.broadcast(x[0], {2, 3}, {0});
       },
       f32({2, 3}, {1, 1, 1, 2, 2, 2})},
      {"scalar",
       {f32({}, {5})},
       [](Builder& b, auto& x) { return b.broadcast(x[0], {2}, {}); },
       f32({2}, {5, 5})},
      {"slice", {v}, [](Builder& b, auto& x) { return b.slice(x[0], {1}, {2}, {3}); }, i32({2}, {1, 4})},
      {"slice 2d",
       {m},
       [](Builder& b, auto& x) {
         return b.slice(x[0], {0, 1}, {2, 2}, {1, 1});
       },
       f32({2, 2}, {1, 2, 4, 5})},
      {"empty slice", {v}, [](Builder& b, auto& x) { return b.slice(x[0], {6}, {0}, {1}); }, i32({0}, {})},
      {"pad",
       {i32({2}, {1, 2})},
       [](Builder& b, auto& x) { return b.pad(x[0], {1}, {2}, {1}, Literal::from_int(DType::I32, 9)); },
       i32({6}, {9, 1, 9, 2, 9, 9})},
      {"pad nothing",
       {f32({0, 1}, {})},
       [=](Builder& b, auto& x) {
         return b.pad(x[0], {1, 0}, {1, 0}, {0, 0}, inf);
       },
       f32({2, 1}, {-INFINITY, -INFINITY})},
      {"concat rows",
       {f32({1, 2}, {1, 2}), f32({2, 2}, {3, 4, 5, 6})},
       [](Builder& b, auto& x) { return b.concat(x, 0); },
       f32({3, 2}, {1, 2, 3, 4, 5, 6})},
      {"concat columns",
       {f32({2, 1}, {1, 2}), f32({2, 0}, {}), f32({2, 2}, {3, 4, 5, 6})},
       [](Builder& b, auto& x) { return b.concat(x, 1); },
       f32({2, 3}, {1, 3, 4, 2, 5, 6})},
      {"reverse",
       {m},
       [](Builder& b, auto& x) { return b.reverse(x[0], {1}); },
       f32({2, 3}, {2, 1, 0, 5, 4, 3})},
      {"reverse both",
       {m},
       [](Builder& b, auto& x) {
         return b.reverse(x[0], {0, 1});
       },
       f32({2, 3}, {5, 4, 3, 2, 1, 0})},
      {"iota",
       {},
       [](Builder& b, auto&) {
         return b.iota({DType::F32, {2, 3}}, 1);
       },
       f32({2, 3}, {0, 1, 2, 0, 1, 2})},
      {"iota wraps",
       {},
       [](Builder& b, auto&) {
         return b.slice_axis(b.iota({DType::U8, {258}}, 0), 0, 254, 4);
       },
       Tensor::from(DType::U8, {4}, {254, 255, 0, 1})},
  });
}

TEST(InterpretWindow, MatchesHandMadeResults) {
  Tensor v = counting(DType::F32, {8}), m = counting(DType::F32, {4, 5});
  // Window (p, k) covers 2 p + 2 k.
  std::vector<WindowAxis> gaps{{0, 3, 2, 2}};
  check({
      {"strided and dilated",
       {v},
       [=](Builder& b, auto& x) { return b.window(x[0], gaps); },
       f32({2, 3}, {0, 2, 4, 2, 4, 6})},
      {"two axes",
       {m},
       [](Builder& b, auto& x) {
         return b.window(x[0], {{0, 2, 2, 1}, {1, 2}});
       },
       f32({2, 4, 2, 2}, {0,  1,  5,  6,  1,  2,  6,  7,  2,  3,  7,  8,  3,  4,  8,  9,
                          10, 11, 15, 16, 11, 12, 16, 17, 12, 13, 17, 18, 13, 14, 18, 19})},
      {"unwindow sums overlaps",
       {f32({2, 3}, {1, 2, 3, 4, 5, 6})},
       [=](Builder& b, auto& x) { return b.unwindow(x[0], gaps, {8}); },
       f32({8}, {1, 0, 6, 0, 8, 0, 6, 0})},
  });
}

// <window(x), y> = <x, unwindow(y)> for whole numbers, exactly.
TEST(InterpretWindow, UnwindowIsTheAdjoint) {
  const std::vector<std::vector<WindowAxis>> geometries = {
      {{0, 3}}, {{1, 2, 3}}, {{0, 2, 1, 3}, {1, 3, 2, 2}}, {{0, 7}, {1, 9}}, {{1, 1, 4}}};
  for (const std::vector<WindowAxis>& w : geometries) {
    Shape shape{7, 9};
    Tensor x = counting(DType::I64, {7, 9});
    Tensor wx = eval({x}, [&](Builder& b, auto& v) { return b.window(v[0], w); });
    Tensor y = counting(DType::I64, wx.shape());
    Tensor uy = eval({y}, [&](Builder& b, auto& v) { return b.unwindow(v[0], w, shape); });
    int64_t left = 0, right = 0;
    for (int64_t i = 0; i < wx.count(); ++i) left += wx.get_int(i) * y.get_int(i);
    for (int64_t i = 0; i < x.count(); ++i) right += x.get_int(i) * uy.get_int(i);
    EXPECT_EQ(left, right);
    EXPECT_GT(left, 0);
  }
}

TEST(InterpretIndex, GathersAndScatters) {
  Tensor rows = counting(DType::F32, {3, 2});
  check({
      {"rows",
       {rows, i32({2, 2}, {2, 0, 1, 2})},
       [](Builder& b, auto& x) { return b.gather(x[0], x[1], 0); },
       f32({2, 2, 2}, {4, 5, 0, 1, 2, 3, 4, 5})},
      {"columns",
       {rows, Tensor::from(DType::U8, {3}, {1, 1, 0})},
       [](Builder& b, auto& x) { return b.gather(x[0], x[1], 1); },
       f32({3, 3}, {1, 1, 0, 3, 3, 2, 5, 5, 4})},
      {"scalar index",
       {rows, i32({}, {1})},
       [](Builder& b, auto& x) { return b.gather(x[0], x[1], 0); },
       f32({2}, {2, 3})},
      {"scatter",
       {f32({3}, {10, 20, 30}), i32({4}, {2, 0, 2, 2}), f32({4}, {1, 2, 3, 4})},
       [](Builder& b, auto& x) { return b.scatter_add(x[0], x[1], x[2], 0); },
       f32({3}, {12, 20, 38})},
      {"scatter columns",
       {f32({2, 2}, {0, 0, 0, 0}), i32({3}, {1, 1, 0}), f32({2, 3}, {1, 2, 3, 4, 5, 6})},
       [](Builder& b, auto& x) { return b.scatter_add(x[0], x[1], x[2], 1); },
       f32({2, 2}, {3, 3, 6, 9})},
  });
}

TEST(InterpretIndex, ClampsAndReports) {
  auto gather = [](Builder& b, const Values& x) {
    b.set_loc({7, 3, 1});
    ScopeGuard scope(b, "embed");
    return b.gather(x[0], x[1], 0);
  };
  std::vector<IndexFault> faults;
  std::vector<Tensor> in{f32({3}, {1, 2, 3}), i32({3}, {1, -5, 9})};
  EXPECT_EQ(eval(in, gather, {Precision::Own, {}, &faults}), f32({3}, {2, 1, 3}));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].str(), "gather in embed (line 7, column 3): index -5 is outside [0, 3)");
  EXPECT_THROW(eval(in, gather), Error);
  // An empty axis has nothing to clamp to.
  faults.clear();
  EXPECT_EQ(eval({f32({0, 2}, {}), i32({1}, {0})}, gather, {Precision::Own, {}, &faults}),
            f32({1, 2}, {0, 0}));
  EXPECT_EQ(faults.size(), 1u);
}

TEST(InterpretRandom, DrawsTheStreamOfKeySeedAndCounter) {
  Tensor seed(DType::I64, {}), counter(DType::I64, {});
  seed.set_int(0, 42);
  counter.set_int(0, 7);
  RandomStream stream("drop", 42, 7);
  for (DType dtype : {DType::F32, DType::F64}) {
    auto draw = [&](Builder& b, const Values& x) { return b.random("drop", {dtype, {2, 3}}, x[0], x[1]); };
    Tensor own = eval({seed, counter}, draw), wide = eval({seed, counter}, draw, {Precision::F64});
    for (uint64_t i = 0; i < 6; ++i) {
      EXPECT_EQ(own.get(static_cast<int64_t>(i)), dtype == DType::F32 ? stream.f32(i) : stream.f64(i));
    }
    EXPECT_EQ(wide, own.cast(DType::F64));  // the same numbers, widened
  }
}

}  // namespace
}  // namespace nnc::test
