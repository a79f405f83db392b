// The rows every other test is driven by: that there is one for each op, and what holds for all of them.
#include "tests/support/op_rows.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/gradient_check.h"

namespace nnc::test {
namespace {

TEST(OpRows, EveryOpHasARowThatContainsIt) {
  std::set<Op> covered;
  std::set<std::string> names;
  for (const OpRow& row : op_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " occurs twice";
    Graph g = row_graph(row, row.dtypes[0]);
    for (const Node& n : g.nodes()) {
      if (n.op == row.op) covered.insert(n.op);
    }
  }
  for (Op op : all_ops()) EXPECT_TRUE(covered.count(op)) << info(op).name << " has no row";
}

// Rounding the f64 meaning to the row's type is what the type's own arithmetic gives, within the row's
// tolerance.
TEST(OpRows, OwnPrecisionAgreesWithF64) {
  for (const OpRow& row : op_rows()) {
    for (const RowCase& c : cases_of(row)) {
      RowData data = random_data(row, c, 1);
      Graph g = row_graph(row, c.dtype);
      std::vector<IndexFault> faults;
      std::vector<Tensor> own = interpret(g, data.inputs, data.params, {Precision::Own, c.bindings, &faults});
      EXPECT_EQ(row.faults, !faults.empty()) << row.name;
      std::vector<Tensor> exact =
          interpret(g, data.inputs, data.params, {Precision::F64, c.bindings, &faults});
      for (size_t i = 0; i < own.size(); ++i) {
        EXPECT_EQ(own[i].dtype(), g.type(g.outputs()[i].value).dtype);
        EXPECT_EQ(compare(own[i], exact[i], row.tolerance), "") << row.name << " in " << c.str();
      }
    }
  }
}

TEST(OpRows, DataIsReproducibleAndVaries) {
  OpRow row = elementwise_rows().back();
  row.operands[1].domain = Domain::Any;
  RowCase c = cases_of(row)[0];
  EXPECT_EQ(random_data(row, c, 5).inputs, random_data(row, c, 5).inputs);
  EXPECT_NE(random_data(row, c, 5).inputs, random_data(row, c, 6).inputs);
}

TEST(Compare, CountsUnitsInTheLastPlace) {
  EXPECT_EQ(ulp_error(1.0f + 0x1p-23f, 1.0, DType::F32), 1);
  EXPECT_EQ(ulp_error(0x1p-149, 0, DType::F32), 1);
  EXPECT_EQ(compare(f32({1}, {1}), f64({1}, {1 + 1e-9}), {}), "");  // rounds to it
  EXPECT_NE(compare(f32({1}, {1}), f64({1}, {1 + 1e-6}), {4}), "");
  EXPECT_EQ(compare(f32({2}, {0.001, 1000}), f64({2}, {0.0010001, 1000}), {1, true}), "");
  EXPECT_NE(compare(f32({1}, {0.0}), f32({1}, {-0.0}), {4}), "");
  EXPECT_EQ(compare(f32({1}, {NAN}), f32({1}, {NAN}), {}), "");
  EXPECT_NE(compare(f32({1}, {INFINITY}), f32({1}, {1e38}), {100}), "");
  EXPECT_NE(compare(i32({1}, {3}), i32({1}, {4}), {100, true}), "");
  EXPECT_NE(compare(f32({1}, {3}), f32({1, 1}, {3}), {}), "");
}

// y = x^2: a right gradient passes and a wrong one does not, at both orders.
TEST(GradientCheck, TellsRightFromWrong) {
  OpRow row{"square", Op::Mul, {{{3, 4}}}};
  row.build = [](Builder& b, const std::vector<Value>& x) { return std::vector{b.mul(x[0], x[0])}; };
  auto with_slope = [](double slope) {
    return [slope](Builder& b, Value loss, const std::vector<Value>& wrt) {
      // The loss is 0 + sum(weights * f(x)): walks down to the weights and multiplies by the slope of f.
      Value product = b.graph().node(b.graph().node(loss).operands[1]).operands[0];
      Value weights = b.graph().node(product).operands[1];
      return std::vector{b.mul(weights, b.mul(wrt[0], b.scalar(DType::F64, slope)))};
    };
  };
  EXPECT_EQ(check_gradient(row, {}, 1, 3, with_slope(2)), "");
  EXPECT_NE(check_gradient(row, {}, 1, 3, with_slope(2.001)), "");
}

}  // namespace
}  // namespace nnc::test
