// The f32 functions against long double over every exponent: the largest error in units in the last place, and that scalars
// and vectors give the same bits.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "ir/philox.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using loop::Builder;
using loop::Val;
using Reference = std::function<long double(long double)>;
using Body = std::function<Val(Builder&, Val)>;

struct Function {
  std::string name;
  Body body;
  Reference reference;
  double bound;
  float low, high;  // the range the bound holds on
};

constexpr float kInf = std::numeric_limits<float>::infinity();

Body op(Op op) {
  return [op](Builder& b, Val x) { return b.apply(op, {x}); };
}

Val number(Builder& b, double x) { return b.literal(Literal::from_double(DType::F32, x)); }

Val sigmoid(Builder& b, Val x) {
  Val negative = b.lt(x, b.broadcast(number(b, 0), b.type(x).lanes));
  Val e = b.apply(Op::Exp, {b.select(negative, x, b.apply(Op::Neg, {x}))});
  Val one = b.broadcast(number(b, 1), b.type(x).lanes);
  return b.apply(Op::Div, {b.select(negative, e, one), b.add(one, e)});
}

Val gelu(Builder& b, Val x) {
  Val erf = b.apply(Op::Erf, {b.mul(x, number(b, std::numbers::sqrt2 / 2))});
  return b.mul(b.mul(number(b, 0.5), x), b.add(number(b, 1), erf));
}

std::vector<Function> functions() {
  auto ref = [](long double (*f)(long double)) { return Reference(f); };
  return {
      {"exp", op(Op::Exp), ref(std::exp), 1, -kInf, kInf},
      {"expm1", op(Op::Expm1), ref(std::expm1), 2.5, -kInf, kInf},
      {"log", op(Op::Log), ref(std::log), 1, -kInf, kInf},
      {"log1p", op(Op::Log1p), ref(std::log1p), 2.5, -kInf, kInf},
      {"sin", op(Op::Sin), ref(std::sin), 2, -kInf, kInf},
      {"cos", op(Op::Cos), ref(std::cos), 2, -kInf, kInf},
      {"tanh", op(Op::Tanh), ref(std::tanh), 2.5, -kInf, kInf},
      {"erf", op(Op::Erf), ref(std::erf), 2, -kInf, kInf},
      {"sqrt", op(Op::Sqrt), ref(std::sqrt), 0.5, -kInf, kInf},
      {"sigmoid", sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); }, 2.5, -kInf, kInf},
      // Below, 1 + erf cancels.
      {"gelu", gelu, [](long double x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<long double>); },
       4, -0.5, kInf},
  };
}

// In units of the last place of the exact result; whatever rounds to infinity counts as 2^128.
double ulps(float got, long double exact) {
  if (std::isnan(got) || std::isnan(exact)) return std::isnan(got) && std::isnan(exact) ? 0 : 1e30;
  auto finite = [](long double x) { return std::clamp(x, -0x1p128L, 0x1p128L); };
  exact = finite(exact);
  int exponent = exact == 0 ? -126 : std::clamp(std::ilogb(exact), -126, 127);
  return static_cast<double>(std::abs(finite(got) - exact) / std::scalbn(1.0L, exponent - 23));
}

// Every `stride`-th float, the infinities, zeros and a NaN among them.
Tensor sweep(uint32_t stride, float low, float high) {
  std::vector<float> values = {0.f, -0.f, 1.f, -1.f, kInf, -kInf, std::numeric_limits<float>::quiet_NaN()};
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += stride) {
    float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (x >= low && x <= high) values.push_back(x);
  }
  std::erase_if(values, [&](float x) { return x < low || x > high; });
  Tensor t(DType::F32, {static_cast<int64_t>(values.size())});
  std::memcpy(t.bytes().data(), values.data(), t.bytes().size());
  return t;
}

Tensor apply(Jit& jit, const Body& body, int lanes, Tensor& x) {
  Tensor y(DType::F32, x.shape());
  auto kernel = test::map_kernel({DType::F32}, {DType::F32}, lanes, [&](Builder& b, std::span<const Val> in) {
    return std::vector{body(b, in[0])};
  });
  test::run(jit, kernel, {&x, &y}, {{"N", x.count()}});
  return y;
}

class VectorMath : public testing::TestWithParam<std::string> {};

TEST_P(VectorMath, StaysWithinItsBounds) {
  Jit jit(Target::named(GetParam()));
  for (const Function& f : functions()) {
    Tensor x = sweep(9973, f.low, f.high);
    Tensor y = apply(jit, f.body, jit.target().vector_bytes / 4, x);
    double worst = 0;
    float at = 0;
    for (int64_t i = 0; i < x.count(); ++i) {
      float in = x.as<float>()[static_cast<size_t>(i)], out = y.as<float>()[static_cast<size_t>(i)];
      double error = ulps(out, f.reference(in));
      if (error > worst) worst = error, at = in;
      if (in == 0 && out == 0 && f.name != "gelu") {
        EXPECT_EQ(std::signbit(out), std::signbit(f.reference(in))) << f.name;
      }
    }
    EXPECT_LE(worst, f.bound) << f.name << " of " << at << " (" << std::bit_cast<uint32_t>(at) << ")";
    RecordProperty(f.name, std::to_string(worst));
  }
}

TEST_P(VectorMath, ReachesItsLimitsAndNotMore) {
  Jit jit(Target::named(GetParam()));
  int lanes = jit.target().vector_bytes / 4;
  Tensor zero = Tensor::from(DType::F32, {2}, {0.0, -0.0});
  EXPECT_EQ(apply(jit, op(Op::Exp), lanes, zero), Tensor::from(DType::F32, {2}, {1, 1}));
  Tensor far = Tensor::from(DType::F32, {4}, {-kInf, -10, 10, kInf}), x = sweep(4999, -10, 10);
  for (Op o : {Op::Tanh, Op::Erf}) {
    EXPECT_EQ(apply(jit, op(o), lanes, far), Tensor::from(DType::F32, {4}, {-1, -1, 1, 1}));
    Tensor y = apply(jit, op(o), lanes, x);
    for (int64_t i = 0; i < x.count(); ++i) ASSERT_FALSE(std::abs(y.get(i)) > 1) << x.get(i);
  }
}

// Random bits reach the extremes; bases near 1 with large exponents need every bit of the logarithm.
TEST_P(VectorMath, RaisesToPowers) {
  Jit jit(Target::named(GetParam()));
  constexpr int64_t kCount = 200000;
  Tensor x(DType::F32, {kCount}), y(DType::F32, {kCount}), z(DType::F32, {kCount});
  RandomStream random("pow", 1, 2);
  for (int64_t i = 0; i < kCount; ++i) {
    PhiloxCounter words = random.block(static_cast<uint64_t>(i));
    float base = std::bit_cast<float>(words[0]), power = std::bit_cast<float>(words[1]);
    if (i % 2 == 0) {
      base = 0.5f + 1.5f * uniform_f32(words[0]);
      power = 88 * (2 * uniform_f32(words[1]) - 1) / std::max(0.01f, std::abs(std::log(base)));
    }
    if (i % 4 == 1) power = std::trunc(20 * (uniform_f32(words[1]) - 0.5f));
    x.as<float>()[static_cast<size_t>(i)] = base;
    y.as<float>()[static_cast<size_t>(i)] = power;
  }
  auto kernel =
      test::map_kernel({DType::F32, DType::F32}, {DType::F32}, 8, [&](Builder& b, std::span<const Val> in) {
        return std::vector{b.apply(Op::Pow, {in[0], in[1]})};
      });
  test::run(jit, kernel, {&x, &y, &z}, {{"N", kCount}});
  for (int64_t i = 0; i < kCount; ++i) {
    long double exact = std::pow(static_cast<long double>(x.get(i)), static_cast<long double>(y.get(i)));
    ASSERT_LE(ulps(static_cast<float>(z.get(i)), exact), 0.51) << x.get(i) << " to the power " << y.get(i);
  }
}

TEST_P(VectorMath, GivesTheSameBitsAtAnyWidth) {
  Jit jit(Target::named(GetParam()));
  for (const Function& f : functions()) {
    Tensor x = sweep(50021, -kInf, kInf);
    Tensor scalar = apply(jit, f.body, 1, x);
    for (int lanes : {4, 16}) {
      Tensor vector = apply(jit, f.body, lanes, x);
      for (int64_t i = 0; i < x.count(); ++i) {
        if (std::isnan(scalar.get(i))) continue;
        ASSERT_EQ(scalar.literal(i), vector.literal(i)) << f.name << " of " << x.get(i);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, VectorMath, testing::ValuesIn(test::testable_targets()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace nnc
