// The gradients of every layer and loss: against differences where they are smooth, and without a NaN where they are
// not, or where operands are huge.
#include <gtest/gtest.h>

#include <cmath>

#include "passes/differentiate.h"
#include "tests/ir/model_text.h"
#include "tests/passes/directional.h"
#include "tests/support/layer_rows.h"

namespace nnc::test {
namespace {

Graph graph_of_case(const LayerCase& c) { return without_params(module_of(model_text(c)).predict); }

std::vector<Value> inlined(Builder& b, const Graph& g, const std::vector<Value>& x) {
  return inline_graph(b, g, x, {g.outputs()[0].value});
}

TEST(LayerGradients, AgreeWithDifferences) {
  for (const LayerCase& c : layer_cases()) {
    if (c.gradient_order == 0) continue;
    SCOPED_TRACE(c.expression);
    Graph g = graph_of_case(c);
    std::vector<Tensor> inputs;
    for (NodeId id : g.inputs()) {
      const auto& a = g.node(id).as<InputAttrs>();
      bool positive = a.name.find("running_var") != std::string::npos;
      inputs.push_back(
          a.type.dtype == DType::F64
              ? uniform(evaluate(a.type.shape, {}), 5 + id, positive ? 0.5 : -1, positive ? 2 : 1)
              : patterned(a.type, is_float(a.type.dtype) ? kWeights : kIndices));
    }
    auto build = [&](Builder& b, const std::vector<Value>& x) { return inlined(b, g, x); };
    EXPECT_EQ(check_derivatives(inputs, build, c.gradient_order), "");
  }
}

bool finite(const Tensor& t) {
  for (int64_t i = 0; i < t.count(); ++i) {
    if (!std::isfinite(t.get(i))) return false;
  }
  return true;
}

// At the operands of the rows, which hold zeros and, scaled, what overflows an exponential.
TEST(LayerGradients, AreFiniteWhereTheValueIs) {
  for (const LayerCase& c : layer_cases()) {
    SCOPED_TRACE(c.expression);
    Graph g = graph_of_case(c), way_back("gradient");
    Builder b(way_back);
    std::vector<Value> x, floats;
    for (NodeId id : g.inputs()) {
      const auto& a = g.node(id).as<InputAttrs>();
      x.push_back(b.input(a.name, a.type));
      if (is_float(a.type.dtype)) floats.push_back(x.back());
    }
    Value y = inlined(b, g, x)[0];
    if (!is_float(b.dtype(y)) || floats.empty()) continue;
    std::vector<int64_t> axes;
    for (int64_t i = 0; i < b.type(y).rank(); ++i) axes.push_back(i);
    way_back.add_output({"y", y, false});
    for (Value v : gradients(b, b.reduce_add(y, axes), floats)) way_back.add_output({"g", v, false});
    NamedTensors inputs = patterned_inputs(g);
    if (auto v = inputs.find("result.batch_norm.running_var"); v != inputs.end()) v->second.set(0, 0.5);
    std::vector<Tensor> got = interpret(way_back, inputs);
    if (!finite(got[0])) continue;
    for (size_t i = 1; i < got.size(); ++i) EXPECT_TRUE(finite(got[i])) << "input " << i - 1;
  }
}

}  // namespace
}  // namespace nnc::test
