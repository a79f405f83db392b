// Every primitive's gradient, first and second order, from the rows that drive all tests of ops.
#include <gtest/gtest.h>

#include <set>

#include "passes/differentiate.h"
#include "passes/gradient_rules.h"
#include "tests/support/gradient_check.h"

namespace nnc::test {
namespace {

std::vector<Value> derivatives(Builder& b, Value y, const std::vector<Value>& wrt) {
  return gradients(b, y, wrt);
}

TEST(Gradient, OfEveryRow) {
  for (const OpRow& row : op_rows()) {
    for (const Bindings& bindings : row.bindings) {
      for (int order = 1; order <= row.gradient_order; ++order) {
        EXPECT_EQ(check_gradient(row, bindings, order, 11, derivatives), "")
            << row.name << " order " << order;
      }
    }
  }
}

TEST(Gradient, EveryRuleHasARow) {
  std::set<Op> covered;
  for (const OpRow& row : op_rows()) {
    if (row.gradient_order >= 1) covered.insert(row.op);
  }
  for (Op op : all_ops()) {
    bool differentiable = gradient_rule(op) && op != Op::Region;
    EXPECT_TRUE(!differentiable || covered.count(op)) << info(op).name;
  }
}

}  // namespace
}  // namespace nnc::test
