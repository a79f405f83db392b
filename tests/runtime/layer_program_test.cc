// Every layer and loss compiled, with its gradient, in single precision, against the interpreter.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ir/bind.h"
#include "passes/differentiate.h"
#include "runtime/engine.h"
#include "tests/ir/model_text.h"
#include "tests/support/compare.h"
#include "tests/support/layer_rows.h"

namespace nnc::test {
namespace {

std::string in_single_precision(std::string text) {
  for (size_t at = 0; (at = text.find("f64", at)) != std::string::npos;) text.replace(at, 3, "f32");
  return text;
}

// Outputs: the value, then the gradient of its sum for every real input.
Graph with_gradients(const Graph& g) {
  Graph out("layer");
  Builder b(out);
  std::vector<Value> x, floats;
  for (NodeId id : g.inputs()) {
    const auto& a = g.node(id).as<InputAttrs>();
    x.push_back(b.input(a.name, a.type));
    if (is_float(a.type.dtype)) floats.push_back(x.back());
  }
  Value y = inline_graph(b, g, x, {g.outputs()[0].value})[0];
  out.add_output({"y", y, false});
  if (!is_float(b.dtype(y)) || floats.empty()) return out;
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < b.type(y).rank(); ++i) axes.push_back(i);
  for (Value v : gradients(b, b.reduce_add(y, axes), floats))
    out.add_output({fmt::format("gradient{}", out.outputs().size()), v, false});
  return out;
}

std::vector<Tensor> run_compiled(Engine& engine, const Graph& g, const NamedTensors& inputs) {
  State none;
  std::unique_ptr<Function> f = engine.prepare(g, none, {});
  std::vector<const std::byte*> pointers;
  for (NodeId id : g.inputs()) pointers.push_back(inputs.at(g.node(id).as<InputAttrs>().name).bytes().data());
  f->run(pointers, {});
  std::vector<Tensor> out;
  for (size_t i = 0; i < f->outputs().size(); ++i) {
    out.emplace_back(f->outputs()[i].type.dtype, evaluate(f->outputs()[i].type.shape, {}));
    std::memcpy(out.back().bytes().data(), f->output(i), out.back().bytes().size());
  }
  return out;
}

void compiled_rows_agree(ExecutionMode mode) {
  Engine engine({.mode = mode, .threads = 2});
  for (const LayerCase& c : layer_cases()) {
    SCOPED_TRACE(c.expression);
    Graph g = with_gradients(without_params(module_of(in_single_precision(model_text(c))).predict));
    NamedTensors inputs = patterned_inputs(g);
    std::vector<Tensor> want = interpret(g, inputs), got = run_compiled(engine, g, inputs);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_EQ(compare_relative(got[i], want[i], 2e-5, 1), "") << g.outputs()[i].name << " " << i;
  }
}

TEST(LayerPrograms, FusedAgreeWithTheInterpreter) { compiled_rows_agree(ExecutionMode::Fused); }
TEST(LayerPrograms, UnfusedAgreeWithTheInterpreter) { compiled_rows_agree(ExecutionMode::Unfused); }

}  // namespace
}  // namespace nnc::test
