// Every elementwise primitive on every element type, at several widths and on every target, against the
// interpreter. Lengths leave a tail, so that vectors and scalars are both seen to agree with it.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "ir/interpreter.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> specials(DType dtype) {
  switch (dtype) {
    case DType::F32:
    case DType::F64:
    case DType::BF16:
      return {0.0,  -0.0,    1,       -1,    2,     -2,   0.5,   -0.5, kInf,   -kInf,       kNan,
              1e-3, -2.75,   3.14159, 255.5, 256,   1e9,  -1e9,  3e10, -3e10,  2147483647., -2147483648.,
              1e19, -9.3e18, 1e38,    -1e38, 1e-40, 17.3, 1e-38, 88.5, -103.5, 1.00390625,  1.01171875};
    case DType::I32:
    case DType::I64:
      return {0,   1,       -1,       2,           -2,           7,     -7,     255,
              256, 1000003, -1000003, 2147483647., -2147483648., 65536, -65537, 3};
    case DType::U8:
      return {0, 1, 2, 3, 7, 127, 128, 200, 254, 255};
    case DType::Bool:
      return {0, 1};
  }
  return {};
}

Tensor values(DType dtype, const std::vector<double>& from, int64_t period) {
  int64_t n = static_cast<int64_t>(from.size());
  Tensor t(dtype, {n * n + 5});
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, from[static_cast<size_t>(i / period % n)]);
  return t;
}

// Bit for bit, but any NaN is as good as any other; `ulps` allows the functions their bound.
void expect_close(const Tensor& got, const Tensor& want, double ulps, const std::string& what) {
  for (int64_t i = 0; i < want.count(); ++i) {
    if (got.literal(i) == want.literal(i)) continue;
    double g = got.get(i), w = want.get(i);
    if (is_float(want.dtype()) && std::isnan(g) && std::isnan(w)) continue;
    double step = want.dtype() == DType::F32 ? std::nextafter(std::abs(static_cast<float>(w)),
                                                              std::numeric_limits<float>::infinity()) -
                                                   std::abs(static_cast<float>(w))
                                             : std::nextafter(std::abs(w), kInf) - std::abs(w);
    if (ulps > 0 && std::isfinite(w) && std::abs(g - w) <= ulps * step) continue;
    FAIL() << what << ": element " << i << " is " << got.literal(i).str() << ", not "
           << want.literal(i).str();
  }
}

struct Case {
  Op op;
  DType from, to;
};

double bound(Op op, DType dtype) {
  if (dtype != DType::F32) return 0;
  switch (op) {
    case Op::Exp:
    case Op::Log:
      return 1;
    case Op::Sin:
    case Op::Cos:
    case Op::Erf:
      return 2;
    case Op::Expm1:
    case Op::Log1p:
    case Op::Tanh:
    case Op::Pow:
      return 2.5;
    default:
      return 0;
  }
}

class Elementwise : public testing::TestWithParam<std::string> {};

void check_case(Jit& jit, const Case& c, int lanes) {
  int arity = info(c.op).arity;
  std::vector<double> data = specials(c.from);
  Tensor a = values(c.from, data, 1), b = values(c.from, data, static_cast<int64_t>(data.size()));
  Tensor condition(DType::Bool, a.shape());
  for (int64_t i = 0; i < a.count(); ++i) condition.set(i, static_cast<double>(i % 3 == 0));
  std::vector<Tensor*> operands;
  if (arity == 3) operands.push_back(&condition);
  operands.push_back(&a);
  if (arity >= 2) operands.push_back(&b);

  Attrs attrs = c.op == Op::Cast ? Attrs(CastAttrs{c.to}) : default_attrs(c.op);
  Type type{c.to, {a.count()}};
  Tensor want = evaluate_op(c.op, attrs, {type}, {operands.begin(), operands.end()})[0];
  Tensor got(c.to, a.shape());
  std::vector<DType> dtypes;
  for (Tensor* t : operands) dtypes.push_back(t->dtype());
  auto kernel =
      test::map_kernel(dtypes, {c.to}, lanes, [&](loop::Builder& build, std::span<const loop::Val> in) {
        if (c.op == Op::Cast) return std::vector{build.cast(in[0], c.to)};
        return std::vector{build.apply(c.op, {in.begin(), in.end()})};
      });
  operands.push_back(&got);
  test::run(jit, kernel, operands, {{"N", a.count()}});
  std::string what = std::string(info(c.op).name) + " " + std::string(name_of(c.from)) + " to " +
                     std::string(name_of(c.to)) + " x" + std::to_string(lanes);
  expect_close(got, want, bound(c.op, c.from), what);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (Op op : all_ops()) {
    if (!is_elementwise(op)) continue;
    for (DType from : kAllDTypes) {
      if (!allows(info(op).dtypes, from)) continue;
      if (op == Op::Cast) {
        for (DType to : kAllDTypes) {
          if (to != from) cases.push_back({op, from, to});
        }
      } else {
        cases.push_back({op, from, has_trait(op, kPredicate) ? DType::Bool : from});
      }
    }
  }
  return cases;
}

TEST_P(Elementwise, AgreesWithTheInterpreter) {
  Jit jit(Target::named(GetParam()), 2);
  for (int lanes : {1, 8, 16}) {
    for (const Case& c : all_cases()) check_case(jit, c, lanes);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Elementwise, testing::ValuesIn(test::testable_targets()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace nnc
