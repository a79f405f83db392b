// reduce, argmax, dot and scan: identities, ties, NaN, order, and the FMA chain.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

Tensor reduce(Monoid m, const Tensor& x, std::vector<int64_t> axes) {
  return eval({x}, [&](Builder& b, const Values& v) { return b.reduce(m, v[0], axes); });
}

TEST(InterpretReduce, FoldsTheListedAxes) {
  Tensor x = counting(DType::F32, {2, 3, 2});
  EXPECT_EQ(reduce(Monoid::Add, x, {1}), f32({2, 2}, {6, 9, 24, 27}));
  EXPECT_EQ(reduce(Monoid::Add, x, {0, 2}), f32({3}, {14, 22, 30}));
  EXPECT_EQ(reduce(Monoid::Max, x, {0, 1, 2}), f32({}, {11}));
  EXPECT_EQ(reduce(Monoid::Min, x, {0}), f32({3, 2}, {0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(reduce(Monoid::Mul, x, {1}), f32({2, 2}, {0, 15, 480, 693}));
}

TEST(InterpretReduce, EmptyFoldsAreIdentities) {
  struct Row {
    Monoid monoid;
    DType dtype;
    double identity;
  };
  const Row rows[] = {{Monoid::Add, DType::F32, 0},
                      {Monoid::Mul, DType::F64, 1},
                      {Monoid::Max, DType::F32, -INFINITY},
                      {Monoid::Min, DType::F64, INFINITY},
                      {Monoid::Max, DType::I32, -2147483648.0},
                      {Monoid::Min, DType::U8, 255},
                      {Monoid::Max, DType::U8, 0},
                      {Monoid::Mul, DType::I64, 1}};
  for (const Row& r : rows) {
    EXPECT_EQ(reduce(r.monoid, Tensor(r.dtype, {2, 0}), {1}),
              Tensor::from(r.dtype, {2}, {r.identity, r.identity}));
    EXPECT_EQ(reduce(r.monoid, Tensor(r.dtype, {0, 2}), {1}).count(), 0);
  }
}

TEST(InterpretReduce, SpecialValues) {
  EXPECT_EQ(reduce(Monoid::Max, f32({3}, {-0.0, 0.0, -0.0}), {0}), f32({}, {0.0}));
  EXPECT_EQ(reduce(Monoid::Min, f32({3}, {0.0, -0.0, 0.0}), {0}), f32({}, {-0.0}));
  EXPECT_TRUE(std::isnan(reduce(Monoid::Max, f32({3}, {1, NAN, 9}), {0}).get(0)));
  EXPECT_EQ(reduce(Monoid::Max, i32({2}, {-4, -3}), {0}), i32({}, {-3}));
  // In order: 2^24 + 1 + 1 stays 2^24 in f32.
  EXPECT_EQ(reduce(Monoid::Add, f32({3}, {16777216, 1, 1}), {0}), f32({}, {16777216}));
  EXPECT_EQ(reduce(Monoid::Add, Tensor::from(DType::U8, {2}, {200, 100}), {0}),
            Tensor::from(DType::U8, {}, {44}));
}

TEST(InterpretReduce, MaxSumExpIsTheSumRelativeToTheMaximum) {
  auto run = [](const Tensor& x) {
    return eval_all({x}, [](Builder& b, const Values& v) {
      return b.reduce(Monoid::MaxSumExp, Values{v[0], b.full(b.dtype(v[0]), b.shape(v[0]), 1)}, {0});
    });
  };
  std::vector<Tensor> y = run(f64({4}, {1000, 999, 1000, -INFINITY}));
  EXPECT_EQ(y[0], f64({}, {1000}));
  EXPECT_NEAR(y[1].get(0), 2 + std::exp(-1), 1e-15);
  y = run(f64({2}, {-INFINITY, -INFINITY}));
  EXPECT_EQ(y[0].get(0) + std::log(y[1].get(0)), -INFINITY);
  y = run(f64({0}, {}));
  EXPECT_EQ(y[0].get(0), -INFINITY);
  EXPECT_EQ(y[1].get(0), 0);
  EXPECT_TRUE(std::isnan(run(f64({2}, {NAN, 1}))[1].get(0)));
}

TEST(InterpretReduce, MomentsMergeWithoutCancellation) {
  auto y = eval_all(
      {f64({2, 4}, {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6, 5, 5, 5, 5})}, [](Builder& b, const Values& v) {
        Value zero = b.full(DType::F64, b.shape(v[0]), 0), one = b.full(DType::F64, b.shape(v[0]), 1);
        return b.reduce(Monoid::Moments, Values{v[0], zero, one}, {1});
      });
  EXPECT_EQ(y[0], f64({2}, {1e9 + 3, 5}));
  EXPECT_EQ(y[1], f64({2}, {14, 0}));
  EXPECT_EQ(y[2], f64({2}, {4, 4}));
}

TEST(InterpretArg, FirstWinsAndFirstNanWinsOverAll) {
  struct Row {
    Tensor x;
    int32_t largest, smallest;
  };
  const Row rows[] = {{f32({4}, {1, 3, 3, 0}), 1, 3},     {f32({3}, {2, 2, 2}), 0, 0},
                      {f32({4}, {5, NAN, 9, NAN}), 1, 1}, {f32({2}, {-0.0, 0.0}), 0, 0},
                      {f32({2}, {0.0, -0.0}), 0, 0},      {f64({2}, {-INFINITY, -INFINITY}), 0, 0},
                      {i32({3}, {-5, 7, -9}), 1, 2},      {f32({0}, {}), 0, 0}};
  for (const Row& r : rows) {
    auto arg = [&](Op op) {
      return eval({r.x}, [&](Builder& b, const Values& v) { return b.add_one(op, AxisAttrs{0}, {v[0]}); });
    };
    EXPECT_EQ(arg(Op::ArgMax), i32({}, {double(r.largest)})) << describe(r.x);
    EXPECT_EQ(arg(Op::ArgMin), i32({}, {double(r.smallest)})) << describe(r.x);
  }
  Tensor m = f32({2, 3}, {1, 5, 2, 7, 0, 2});
  EXPECT_EQ(eval({m}, [](Builder& b, auto& v) { return b.argmax(v[0], 1); }), i32({2}, {1, 0}));
  EXPECT_EQ(eval({m}, [](Builder& b, auto& v) { return b.argmax(v[0], 0); }), i32({3}, {1, 0, 0}));
}

Tensor dot(const Tensor& l, const Tensor& r, DotAttrs attrs) {
  return eval({l, r}, [&](Builder& b, const Values& v) { return b.dot(v[0], v[1], attrs); });
}

TEST(InterpretDot, AxesInAnyOrder) {
  Tensor a = counting(DType::F32, {2, 3}), b = counting(DType::F32, {3, 2});
  EXPECT_EQ(dot(a, b, {{}, {}, {1}, {0}}), f32({2, 2}, {10, 13, 28, 40}));
  EXPECT_EQ(dot(a, a, {{}, {}, {1}, {1}}), f32({2, 2}, {5, 14, 14, 50}));
  EXPECT_EQ(dot(a, b, {{}, {}, {0, 1}, {1, 0}}), f32({}, {0 * 0 + 1 * 2 + 2 * 4 + 3 * 1 + 4 * 3 + 5 * 5}));
  EXPECT_EQ(dot(a, b, {{1}, {0}, {0}, {1}}), f32({3}, {3, 14, 33}));
  EXPECT_EQ(dot(f32({2}, {1, 2}), f32({3}, {1, 2, 3}), {}), f32({2, 3}, {1, 2, 3, 2, 4, 6}));
  EXPECT_EQ(dot(f32({2, 0}, {}), f32({0, 2}, {}), {{}, {}, {1}, {0}}), f32({2, 2}, {0, 0, 0, 0}));
  EXPECT_EQ(dot(f32({0, 2}, {}), f32({2, 2}, {1, 2, 3, 4}), {{}, {}, {1}, {0}}), f32({0, 2}, {}));
}

// The element is fma(a1, b1, fma(a0, b0, +0)) in the accumulator's type: not rounded between product and sum.
TEST(InterpretDot, IsAnFmaChainInKOrder) {
  float x = 1 + 0x1p-12f;
  Tensor a = f32({2}, {x, 1}), b = f32({2}, {x, -1});
  Tensor wide = dot(a, b, {{}, {}, {0}, {0}, DType::F64});
  EXPECT_EQ(wide.dtype(), DType::F64);
  EXPECT_EQ(wide.get(0), 0x1p-11 + 0x1p-24);
  EXPECT_EQ(dot(a, b, {{}, {}, {0}, {0}}).get(0), std::fma(1.0f, -1.0f, x * x));
  EXPECT_EQ(dot(f32({2}, {-1, x}), f32({2}, {1, x}), {{}, {}, {0}, {0}}).get(0), std::fma(x, x, -1.0f));
  Tensor half = Tensor::from(DType::BF16, {2}, {1.5, 2});
  EXPECT_EQ(dot(half, half, {{}, {}, {0}, {0}}), f32({}, {6.25}));
  EXPECT_FALSE(std::signbit(dot(f32({1}, {-0.0}), f32({1}, {1}), {{}, {}, {0}, {0}}).get(0)));
}

Build running_sum(bool reverse) {
  return [=](Builder& b, const Values& x) {
    Type t{b.dtype(x[0]), {}};
    auto body = std::make_shared<Graph>(graph_of({t, t, t}, [](Builder& g, const Values& v) {
      Value next = g.add(g.mul(v[0], v[2]), v[1]);
      return Values{next, next, g.neg(v[1])};
    }));
    return b.scan({1, 1, b.shape(x[1])[0], reverse, {body}}, x);
  };
}

TEST(InterpretScan, CarriesAndStacksYields) {
  std::vector<Tensor> in{i32({}, {1}), i32({3}, {1, 2, 3}), i32({}, {2})};
  auto y = eval_all(in, running_sum(false));
  EXPECT_EQ(y[0], i32({}, {19}));
  EXPECT_EQ(y[1], i32({3}, {3, 8, 19}));
  EXPECT_EQ(y[2], i32({3}, {-1, -2, -3}));
  y = eval_all(in, running_sum(true));
  EXPECT_EQ(y[0], i32({}, {25}));
  EXPECT_EQ(y[1], i32({3}, {25, 12, 5}));
  EXPECT_EQ(y[2], i32({3}, {-1, -2, -3}));
  y = eval_all({i32({}, {7}), i32({0}, {}), i32({}, {2})}, running_sum(true));
  EXPECT_EQ(y[0], i32({}, {7}));
  EXPECT_EQ(y[1].count(), 0);
}

}  // namespace
}  // namespace nnc::test
