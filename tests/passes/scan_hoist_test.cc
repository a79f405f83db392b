// Hoisting keeps every value, and takes the input products out.
#include "passes/scan_hoist.h"

#include <gtest/gtest.h>

#include "passes/differentiate.h"
#include "passes/merge_scans.h"
#include "passes/rewrite.h"
#include "tests/passes/directional.h"
#include "tests/passes/lstm.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

const Node* first_scan(const Graph& g) {
  for (const Node& n : g.nodes()) {
    if (n.op == Op::Scan) return &n;
  }
  return nullptr;
}
int count(const Graph& g, Op op) {
  int n = 0;
  for (const Node& node : g.nodes()) n += node.op == op;
  return n;
}

void expect_equal(const Graph& a, const Graph& b, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> want = interpret(a, named(inputs)), got = interpret(b, named(inputs));
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(compare_relative(got[i], want[i], 1e-12, 1e-3), "") << i;
}

std::vector<Type> types_of(const std::vector<Tensor>& inputs) {
  std::vector<Type> out;
  for (const Tensor& t : inputs) out.push_back(type_of(t));
  return out;
}

TEST(ScanHoist, SplitsTheInputProductOfAnLstm) {
  Graph g = graph_of(types_of(lstm_inputs()), lstm), hoisted = hoist_scans(g);
  expect_equal(g, hoisted, lstm_inputs());
  EXPECT_EQ(count(hoisted, Op::Dot), 1);  // over all steps
  const Graph& body = *body_of(*first_scan(hoisted));
  EXPECT_EQ(count(body, Op::Dot), 1);  // of the state
  EXPECT_EQ(count(body, Op::Concat), 0);
  for (const Node& n : body.nodes()) {
    if (n.op != Op::Dot) continue;
    EXPECT_EQ(body.type(n.operands[0]).shape, (Shape{2, 2}));
  }
}

// The gradient after hoisting saves no concat, and keeps its values.
TEST(ScanHoist, ThenDifferentiated) {
  auto with_gradients = [](const Graph& g) {
    Graph out = g;
    Builder b(out);
    Values wrt;
    for (NodeId id : out.inputs()) wrt.push_back({id, 0});
    Value hs = out.outputs()[2].value;
    for (Value d : gradients(b, b.reduce_add(b.mul(hs, hs), {0, 1, 2}), wrt)) out.add_output({"d", d});
    return merge_scans(out);
  };
  Graph g = graph_of(types_of(lstm_inputs()), lstm);
  Graph direct = with_gradients(g), hoisted = with_gradients(hoist_scans(g));
  expect_equal(direct, hoisted, lstm_inputs());
  EXPECT_EQ(count(hoisted, Op::Scan), 2);
}

TEST(ScanHoist, TakesOutWhatIsTheSameAtEveryStep) {
  auto build = [](Builder& b, const Values& v) {
    Graph body("step");
    Builder s(body);
    Value c = s.input("c", {DType::F64, {3}}), x = s.input("x", {DType::F64, {3}}),
          w = s.input("hoisted0", {DType::F64, {3, 3}});
    Value fixed = s.exp(s.permute(w, {1, 0}));
    body.add_output({"c", s.add(s.contract(fixed, c, 1, 0), x)});
    body.add_output({"a", s.contract(fixed, x, 1, 0)});
    body.add_output({"b", s.mul(c, x)});
    body.add_output({"x", x});
    return b.scan({1, 1, 4, true, {std::make_shared<const Graph>(body)}}, v);
  };
  std::vector<Tensor> inputs = {uniform({3}, 1), uniform({4, 3}, 2), uniform({3, 3}, 3)};
  Graph g = graph_of(types_of(inputs), build), hoisted = hoist_scans(g);
  expect_equal(g, hoisted, inputs);
  const Graph& body = *body_of(*first_scan(hoisted));
  EXPECT_EQ(count(body, Op::Exp), 0);
  EXPECT_EQ(count(body, Op::Dot), 1);
  EXPECT_EQ(body.outputs().size(), 2u);  // a and x are had outside
}

TEST(ScanHoist, AScanWithoutStateIsNoScan) {
  auto build = [](Builder& b, const Values& v) {
    Graph body("step");
    Builder s(body);
    Value x = s.input("x", {DType::F64, {3}}), w = s.input("w", {DType::F64, {3, 2}});
    body.add_output({"y", s.unary(Op::Tanh, s.contract(x, w, 0, 0))});
    return b.scan({0, 1, 4, false, {std::make_shared<const Graph>(body)}}, v);
  };
  std::vector<Tensor> inputs = {uniform({4, 3}, 2), uniform({3, 2}, 3)};
  Graph g = graph_of(types_of(inputs), build), hoisted = hoist_scans(g);
  expect_equal(g, hoisted, inputs);
  EXPECT_EQ(count(hoisted, Op::Scan), 0);
}

}  // namespace
}  // namespace nnc::test
