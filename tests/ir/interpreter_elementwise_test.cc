// Elementwise ops on the values where their definitions have something to say.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/eval.h"

namespace nnc::test {
namespace {

constexpr double kInf = INFINITY, kNan = NAN, kDenormal = 1e-45, kMaxF32 = std::numeric_limits<float>::max();

struct UnaryCase {
  Op op;
  DType dtype;
  double x, expected;
};

// Bits matter: -0 is not +0 here.
void expect_same(double actual, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what << " = " << actual;
  } else {
    EXPECT_EQ(actual, expected) << what;
    EXPECT_EQ(std::signbit(actual), std::signbit(expected)) << what;
  }
}

TEST(InterpretUnary, FollowsTheTable) {
  const UnaryCase cases[] = {
      {Op::Neg, DType::F32, 0.0, -0.0},
      {Op::Neg, DType::F32, kInf, -kInf},
      {Op::Neg, DType::I32, -2147483648.0, -2147483648.0},
      {Op::Neg, DType::U8, 1, 255},
      {Op::Abs, DType::F64, -0.0, 0.0},
      {Op::Abs, DType::I32, -2147483648.0, -2147483648.0},
      {Op::Abs, DType::I64, -5, 5},
      {Op::Exp, DType::F32, 1, 2.7182817459106445},
      {Op::Exp, DType::F32, 89, kInf},
      {Op::Exp, DType::F32, -103.2, 1.401298464324817e-45},  // a denormal result is not flushed
      {Op::Exp, DType::F64, -kInf, 0.0},
      {Op::Expm1, DType::F64, 1e-20, 1e-20},
      {Op::Expm1, DType::F32, -kInf, -1},
      {Op::Log, DType::F32, 0.0, -kInf},
      {Op::Log, DType::F32, -1, kNan},
      {Op::Log, DType::F32, kDenormal, -103.2789306640625},
      {Op::Log1p, DType::F64, -1, -kInf},
      {Op::Log1p, DType::F64, 1e-20, 1e-20},
      {Op::Sqrt, DType::F32, 2, 1.4142135381698608},
      {Op::Sqrt, DType::F32, -0.0, -0.0},
      {Op::Sqrt, DType::F64, -1, kNan},
      {Op::Sin, DType::F64, -0.0, -0.0},
      {Op::Cos, DType::F64, kInf, kNan},
      {Op::Tanh, DType::F32, -50, -1},
      {Op::Tanh, DType::F32, kDenormal, 1.401298464324817e-45},
      {Op::Erf, DType::F64, 0.5, 0.5204998778130465},
      {Op::Floor, DType::F32, -0.5, -1},
      {Op::Floor, DType::F64, -0.0, -0.0},
      {Op::IsFinite, DType::F32, kNan, 0},
      {Op::IsFinite, DType::F32, -kInf, 0},
      {Op::IsFinite, DType::F32, kMaxF32, 1},
      {Op::IsFinite, DType::F64, 1e300, 1},
      {Op::Not, DType::Bool, 0, 1},
      {Op::Not, DType::Bool, 1, 0},
      {Op::StopGradient, DType::BF16, 1.5, 1.5},
  };
  for (const UnaryCase& c : cases) {
    Tensor y = eval({Tensor::scalar(c.dtype, c.x)}, [&](Builder& b, auto& x) { return b.unary(c.op, x[0]); });
    expect_same(y.get(0), c.expected, std::string(info(c.op).name) + "(" + std::to_string(c.x) + ")");
  }
}

struct BinaryCase {
  Op op;
  DType dtype;
  double a, b, expected;
};

TEST(InterpretBinary, FollowsTheTable) {
  const double kMin64 = static_cast<double>(std::numeric_limits<int64_t>::min());
  const BinaryCase cases[] = {
      {Op::Add, DType::F32, 16777216, 1, 16777216},
      {Op::Add, DType::F32, kInf, -kInf, kNan},
      {Op::Add, DType::F32, kDenormal, kDenormal, 2.802596928649634e-45},
      {Op::Add, DType::I32, 2147483647, 1, -2147483648.0},
      {Op::Add, DType::U8, 250, 10, 4},
      {Op::Sub, DType::F64, 0.0, 0.0, 0.0},
      {Op::Sub, DType::U8, 3, 5, 254},
      {Op::Mul, DType::F64, -0.0, 5, -0.0},
      {Op::Mul, DType::I32, 65536, 65536, 0},
      {Op::Mul, DType::I64, kMin64, -1, kMin64},
      {Op::Div, DType::F32, 1, 3, 0.3333333432674408},
      {Op::Div, DType::F32, -1, 0.0, -kInf},
      {Op::Div, DType::F32, 0.0, 0.0, kNan},
      {Op::Div, DType::I32, -7, 2, -3},
      {Op::Div, DType::I32, 7, 0, 0},
      {Op::Div, DType::I32, -2147483648.0, -1, -2147483648.0},
      {Op::Div, DType::I64, kMin64, -1, kMin64},
      {Op::Div, DType::U8, 255, 2, 127},
      {Op::Div, DType::U8, 5, 255, 0},
      {Op::Max, DType::F32, -0.0, 0.0, 0.0},
      {Op::Max, DType::F32, 0.0, -0.0, 0.0},
      {Op::Max, DType::F32, kNan, 1, kNan},
      {Op::Max, DType::F32, 1, kNan, kNan},
      {Op::Max, DType::I32, -3, 2, 2},
      {Op::Min, DType::F64, 0.0, -0.0, -0.0},
      {Op::Min, DType::F64, -0.0, 0.0, -0.0},
      {Op::Min, DType::F64, -kInf, kNan, kNan},
      {Op::Min, DType::U8, 200, 100, 100},
      {Op::Pow, DType::F32, kNan, 0, 1},
      {Op::Pow, DType::F32, -2, 3, -8},
      {Op::Pow, DType::F64, -2, 0.5, kNan},
      {Op::Pow, DType::F64, 0.0, -1, kInf},
      {Op::Lt, DType::F32, kNan, 1, 0},
      {Op::Lt, DType::F32, -0.0, 0.0, 0},
      {Op::Lt, DType::I64, -1, 0, 1},
      {Op::Lt, DType::U8, 200, 100, 0},
      {Op::Le, DType::F32, 1, kNan, 0},
      {Op::Le, DType::F32, -0.0, 0.0, 1},
      {Op::Eq, DType::F32, kNan, kNan, 0},
      {Op::Eq, DType::F32, -0.0, 0.0, 1},
      {Op::Eq, DType::BF16, -0.0, 0.0, 1},
      {Op::Eq, DType::Bool, 1, 0, 0},
      {Op::Ne, DType::F32, kNan, kNan, 1},
      {Op::Ne, DType::BF16, kNan, kNan, 1},
      {Op::Ne, DType::I32, 4, 4, 0},
      {Op::And, DType::Bool, 1, 0, 0},
      {Op::And, DType::Bool, 1, 1, 1},
      {Op::Or, DType::Bool, 1, 0, 1},
      {Op::Or, DType::Bool, 0, 0, 0},
  };
  for (const BinaryCase& c : cases) {
    Tensor y = eval({Tensor::scalar(c.dtype, c.a), Tensor::scalar(c.dtype, c.b)},
                    [&](Builder& b, auto& x) { return b.binary(c.op, x[0], x[1]); });
    expect_same(y.get(0), c.expected,
                std::string(info(c.op).name) + "(" + std::to_string(c.a) + ", " + std::to_string(c.b) + ")");
  }
}

TEST(InterpretSelect, PicksBitsPerElement) {
  Tensor condition = Tensor::from(DType::Bool, {3}, {1, 0, 1});
  for (DType t : kAllDTypes) {
    Tensor a = Tensor::from(t, {3}, {1, 0, 1}), b = Tensor::from(t, {3}, {0, 1, 0});
    EXPECT_EQ(eval({condition, a, b}, [](Builder& g, auto& x) { return g.select(x[0], x[1], x[2]); }),
              Tensor::from(t, {3}, {1, 1, 1}));
  }
}

TEST(InterpretElementwise, EveryOpTakesEmptyTensors) {
  for (Op op : all_ops()) {
    if (!is_elementwise(op) || op == Op::Cast || op == Op::Barrier) continue;
    DType dtype = info(op).dtypes == DTypeSet::Logical ? DType::Bool : DType::F32;
    std::vector<Tensor> in(static_cast<size_t>(info(op).arity), Tensor(dtype, {0, 3}));
    if (op == Op::Select) in[0] = Tensor(DType::Bool, {0, 3});
    EXPECT_EQ(eval(in, [&](Builder& b, auto& x) { return b.add_one(op, NoAttrs{}, x); }).count(), 0);
  }
}

}  // namespace
}  // namespace nnc::test
