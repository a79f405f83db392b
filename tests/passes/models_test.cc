// Whole models through the passes: verified after every pass, values kept, and the structure the design asks for.
#include <gtest/gtest.h>

#include "ir/graph_text.h"
#include "passes/pipeline.h"
#include "passes/rewrite.h"
#include "passes/training_step.h"
#include "tests/ir/model_text.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

constexpr const char* kMlp = R"(
model M(hidden = 5) {
  input x: f32[B, 4]
  output y = linear(relu(linear(x, hidden)), 3)
}
train M {
  target t: i32[B]
  loss cross_entropy(y, t)
  metric accuracy(y, t)
  optimizer adam(lr = 0.01)
}
)";
constexpr const char* kCnn = R"(
model M {
  input x: f32[B, 2, 9, 8]
  h = tanh(conv(x, 3, kernel = 3, stride = 2, pad = 1))
  h = max_pool(tanh(conv(h, 4, kernel = 2, dilation = 2, pad = 1)), 3, stride = 1)
  output y = linear(flatten(h), 3)
}
train M {
  target t: i32[B]
  loss cross_entropy(y, t)
  optimizer sgd(lr = 0.1)
}
)";
constexpr const char* kLstm = R"(
model M(H = 3) {
  input token: i32[B, T]
  e = embedding(token, 5, 4)
  hs = scan e as x over T carry h = zeros[B, H], c = zeros[B, H] {
    i, f, g, o = split(linear(concat(x, h), 4 * H), 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    yield h
  }
  output y = linear(hs, 5)
}
train M {
  target t: i32[B, T]
  loss cross_entropy(y, t)
  optimizer sgd(lr = 0.1)
}
)";

const Bindings kSizes = {{"B", 2}, {"T", 4}};

NamedTensors inputs_of(const Graph& g) {
  NamedTensors out;
  for (NodeId id : g.inputs()) {
    Type type = g.node(id).results[0];
    for (Dim& d : type.shape) d = d.evaluate(kSizes);
    out.emplace(g.node(id).as<InputAttrs>().name,
                patterned(type, is_float(type.dtype) ? kOperands : kIndices));
  }
  return out;
}

// Every float as f64, as the interpreter's f64 mode takes them.
NamedTensors widened(NamedTensors tensors) {
  for (auto& [name, t] : tensors) {
    if (is_float(t.dtype())) t = t.cast(DType::F64);
  }
  return tensors;
}

std::vector<Tensor> run(const Graph& g, const Graph& names) {
  NamedTensors params = patterned_params(names);
  for (auto& [path, t] : params) {
    bool variance = path.ends_with(".adam.v");
    for (int64_t i = 0; variance && i < t.count(); ++i) t.set(i, std::abs(t.get(i)));
  }
  return interpret(g, widened(inputs_of(names)), widened(params), {Precision::F64, kSizes, nullptr});
}

Graph piped(const Module& m, std::vector<std::string> disabled) {
  PipelineOptions options;
  options.context.update = m.spec->update;
  options.disabled = std::move(disabled);
  options.verify = true;
  return run_pipeline(m.train, options);
}

class Models : public testing::TestWithParam<const char*> {};

TEST_P(Models, KeepTheirValuesThroughEveryPass) {
  Module m = module_of(GetParam());
  Graph step = training_step(m.train, m.spec->update);
  std::vector<Tensor> want = run(step, step);
  for (const Graph& g : {piped(m, {"fuse"}), piped(m, {})}) {
    std::vector<Tensor> got = run(g, step);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(g.outputs()[i].name, step.outputs()[i].name);
      EXPECT_EQ(compare_relative(got[i], want[i], 1e-10, 1), "") << step.outputs()[i].name;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Passes, Models, testing::Values(kMlp, kCnn, kLstm));

TEST(ModelStructure, DataGradientsOfConvolutionsAreGathers) {
  Graph g = piped(module_of(kCnn), {"fuse"});
  for (const Node& n : g.nodes()) {
    if (n.op != Op::Unwindow) continue;
    Op from = g.node(n.operands[0]).op;
    EXPECT_TRUE(from != Op::Dot && from != Op::Permute) << print(g);
  }
}

// Two scans; the backward body holds one product, by the recurrent weights, and carries only h's and c's adjoints.
TEST(ModelStructure, AnLstmGoesBackInOneScan) {
  Graph g = piped(module_of(kLstm), {"fuse"});
  std::vector<const Node*> scans;
  for (const Node& n : g.nodes()) {
    if (n.op == Op::Scan) scans.push_back(&n);
  }
  ASSERT_EQ(scans.size(), 2u) << print(g);
  for (const Node* scan : scans) {
    EXPECT_EQ(scan->as<ScanAttrs>().carries, 2);
    int dots = 0;
    for (const Node& n : body_of(*scan)->nodes()) dots += n.op == Op::Dot;
    EXPECT_EQ(dots, 1) << print(*body_of(*scan));
  }
}

}  // namespace
}  // namespace nnc::test
