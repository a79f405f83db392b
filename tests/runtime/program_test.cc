// Compiled programs against the interpreter: random graphs, and the training steps of whole models with every hard
// case of the design (strided, dilated and padded convolution, overlapping pooling, a recurrence by scan).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "ir/bind.h"
#include "ir/module.h"
#include "ir/parser.h"
#include "passes/pipeline.h"
#include "passes/training_step.h"
#include "runtime/engine.h"
#include "tests/support/compare.h"
#include "tests/support/no_cache.h"
#include "tests/support/random_graph.h"

namespace nnc {
namespace {

std::vector<const std::byte*> pointers(const Graph& g, const NamedTensors& inputs) {
  std::vector<const std::byte*> out;
  for (NodeId id : g.inputs()) out.push_back(inputs.at(g.node(id).as<InputAttrs>().name).bytes().data());
  return out;
}

// Runs a graph without state and copies its outputs.
std::vector<Tensor> run(Engine& engine, const Graph& g, const NamedTensors& inputs, State& state,
                        const Bindings& sizes) {
  std::unique_ptr<Function> f = engine.prepare(g, state, sizes);
  f->run(pointers(g, inputs), sizes);
  std::vector<Tensor> out;
  for (size_t i = 0; i < f->outputs().size(); ++i) {
    Tensor t(f->outputs()[i].type.dtype, evaluate(f->outputs()[i].type.shape, sizes));
    if (!t.bytes().empty()) std::memcpy(t.bytes().data(), f->output(i), t.bytes().size());
    out.push_back(std::move(t));
  }
  return out;
}

std::string first_difference(const Tensor& got, const Tensor& want, double tolerance) {
  for (int64_t i = 0; i < got.count(); ++i) {
    double a = got.get(i), b = want.get(i);
    if (a == b || (std::isnan(a) && std::isnan(b)) ||
        std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)))
      continue;
    return "element " + std::to_string(i) + ": " + std::to_string(a) + ", interpreted " + std::to_string(b);
  }
  return "";
}

void random_graphs(ExecutionMode mode, uint64_t first, uint64_t last) {
  Engine engine({.mode = mode, .threads = 2});
  for (uint64_t seed = first; seed < last; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomGraph g = test::random_graph(seed);
    std::vector<IndexFault> faults;
    std::vector<Tensor> want = interpret(
        g.graph, g.inputs, {}, {.precision = Precision::F64, .bindings = g.bindings, .faults = &faults});
    State none;
    std::vector<Tensor> got = run(engine, g.graph, g.inputs, none, g.bindings);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_EQ(first_difference(got[i], want[i], 1e-4 * g.scales[i]), "") << i;
  }
}

TEST(Program, FusedRandomGraphsMatchTheInterpreter) { random_graphs(ExecutionMode::Fused, 0, 250); }
TEST(Program, UnfusedRandomGraphsMatchTheInterpreter) { random_graphs(ExecutionMode::Unfused, 250, 500); }

struct ModelCase {
  const char* name;
  const char* text;
  Bindings sizes;
};

const ModelCase kModels[] = {
    {"mlp",
     R"(
model M {
  input x: f32[B, 7]
  h = relu(linear(x, 33))
  output y = linear(h, 5)
}
train M {
  target t: i32[B]
  loss cross_entropy(y, t)
  metric accuracy(y, t)
  optimizer adam(lr = 0.01)
}
)",
     {{"B", 19}}},
    {"convolution and pooling",
     R"(
model M {
  input x: f32[B, 2, 13, 11]
  h = tanh(conv(x, 3, kernel = 3, stride = 2, pad = 1))
  h = max_pool(tanh(conv(h, 4, kernel = 2, dilation = 2, pad = 1)), 3, stride = 1)
  output y = linear(flatten(h), 3)
}
train M {
  target t: i32[B]
  loss cross_entropy(y, t)
  optimizer sgd(lr = 0.1)
}
)",
     {{"B", 3}}},
    {"lstm",
     R"(
model M(H = 6) {
  input x: f32[B, T, 4]
  hs = scan x as v over T carry h = zeros[B, H], c = zeros[B, H] {
    i, f, g, o = split(linear(concat(v, h), 4 * H), 4)
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
)",
     {{"B", 3}, {"T", 7}}},
    {"transformer block",
     R"(
block Decoder(D, heads)(x: f32[B, T, D]) -> f32[B, T, D] {
  q, k, v = split(linear(layer_norm(x), 3 * D), 3)
  x = x + linear(attention(q, k, v, heads, causal = true), D)
  return x + linear(gelu(linear(layer_norm(x), 4 * D)), D)
}
model M(D = 8) {
  input x: f32[B, T, 8]
  output y = Decoder(D, 2)(x)
}
train M {
  target t: f32[B, T, 8]
  loss mse(y, t)
  optimizer sgd(lr = 0.1)
}
)",
     {{"B", 2}, {"T", 5}}},
};

Module module_of(const char* text) {
  Diagnostics diagnostics("test.nn", text);
  ast::File file = parse(diagnostics);
  std::optional<Module> m = elaborate(file, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  return std::move(*m);
}

// Numbers in (-1, 1) that no two elements share; class indices below 3.
Tensor pattern(const Type& type, const Bindings& sizes, int salt) {
  Tensor t(type.dtype, evaluate(type.shape, sizes));
  for (int64_t i = 0; i < t.count(); ++i) {
    if (is_float(type.dtype))
      t.set(i, std::sin(1.0 + 0.7 * static_cast<double>(i) + salt));
    else
      t.set_int(i, (i * 7 + salt) % 3);
  }
  return t;
}

struct Prepared {
  Graph step;
  NamedTensors inputs;
  State state;
};

Prepared prepare(const ModelCase& c) {
  Module m = module_of(c.text);
  Prepared p{training_step(m.train, m.spec->update), {}, {}};
  int salt = 0;
  for (NodeId id : p.step.inputs()) {
    const auto& a = p.step.node(id).as<InputAttrs>();
    p.inputs.emplace(a.name, a.name == kLearningRateInput ? Tensor::scalar(DType::F64, 0.05)
                                                          : pattern(a.type, c.sizes, ++salt));
  }
  add_missing_state(p.step, p.state);
  for (NodeId id : p.step.params()) {
    const auto& a = p.step.node(id).as<ParamAttrs>();
    if (a.trainable) p.state.insert_or_assign(a.path, pattern(a.type, {}, ++salt));
  }
  return p;
}

TEST(Program, TrainingStepsOfModelsMatchTheInterpreter) {
  for (const ModelCase& c : kModels) {
    SCOPED_TRACE(c.name);
    Prepared p = prepare(c);
    std::vector<Tensor> want = interpret(p.step, p.inputs, p.state, {.precision = Precision::F64});
    for (const char* target : {"host", "avx2"}) {
      for (ExecutionMode mode : {ExecutionMode::Fused, ExecutionMode::Unfused}) {
        SCOPED_TRACE(std::string(target) + " " + std::string(name_of_enum(mode)));
        Engine engine({.mode = mode, .threads = 2, .target = target});
        State state = p.state;
        std::vector<Tensor> got = run(engine, p.step, p.inputs, state, c.sizes);
        size_t next = 0;
        for (size_t i = 0; i < want.size(); ++i) {
          const Output& o = p.step.outputs()[i];
          const Tensor& value = o.state_write ? state.at(o.name) : got[next++];
          EXPECT_EQ(first_difference(value, want[i], 2e-5), "") << o.name;
        }
      }
    }
  }
}

TEST(Program, ThreadsDoNotChangeABit) {
  for (const ModelCase& c : kModels) {
    SCOPED_TRACE(c.name);
    Prepared p = prepare(c);
    std::optional<State> first;
    for (int threads : {1, 2, 3, 8}) {
      Engine engine({.threads = threads});
      State state = p.state;
      std::unique_ptr<Function> f = engine.prepare(p.step, state, c.sizes);
      for (int step = 0; step < 3; ++step) f->run(pointers(p.step, p.inputs), c.sizes);
      if (!first) first = state;
      EXPECT_TRUE(state == *first) << threads << " threads";
    }
  }
}

// A window's k*k factor or a scan's T factor may appear in no temporary but the activations a scan saves.
TEST(Program, TemporariesHaveNoWindowFactor) {
  const ModelCase& c = kModels[1];
  Module m = module_of(c.text);
  PipelineOptions options;
  options.context.update = m.spec->update;
  Graph fused = run_pipeline(m.train, options);
  Program program = plan_program(fused, {.target = Target::host(), .max_dims = c.sizes, .expected = {}});
  // Every activation of this net is smaller than its input; a windowed one would be several times that.
  int64_t largest = 3 * 2 * 13 * 11 * 4;
  for (const Slot& s : program.slots) {
    if (s.storage != Storage::Arena) continue;
    EXPECT_LE(bytes_of(s, c.sizes), largest) << s.name << " " << s.type.str();
  }
}

TEST(Program, TemporariesOfAScanAreItsActivations) {
  const ModelCase& c = kModels[2];
  Module m = module_of(c.text);
  PipelineOptions options;
  options.context.update = m.spec->update;
  Graph fused = run_pipeline(m.train, options);
  Program program = plan_program(fused, {.target = Target::host(), .max_dims = c.sizes, .expected = {}});
  for (const Slot& s : program.slots) {
    if (s.storage != Storage::Arena) continue;
    // What has the factor T is of an activation's shape, [T, B, …] or [B, T, …]; never a weight's for every step.
    bool stacked = std::any_of(s.type.shape.begin(), s.type.shape.end(),
                               [](const Dim& d) { return d.str().find('T') != std::string::npos; });
    if (!stacked) continue;
    EXPECT_LE(bytes_of(s, c.sizes), 3 * 7 * 24 * 4) << s.name << " " << s.type.str();
  }
}

TEST(Program, OneCompileServesEveryBatch) {
  Prepared p = prepare(kModels[0]);
  Engine engine({.threads = 1});
  std::unique_ptr<Function> f = engine.prepare(p.step, p.state, {{"B", 64}});
  size_t kernels = engine.stats().kernels;
  for (int64_t batch : {64, 1, 7, 33, 0}) {
    SCOPED_TRACE(batch);
    ModelCase c = kModels[0];
    c.sizes = {{"B", batch}};
    Prepared fresh = prepare(c);
    for (auto& [path, tensor] : p.state) {
      std::memcpy(tensor.bytes().data(), fresh.state.at(path).bytes().data(), tensor.bytes().size());
    }
    if (batch > 0) {
      std::vector<Tensor> want =
          interpret(fresh.step, fresh.inputs, fresh.state, {.precision = Precision::F64});
      f->run(pointers(fresh.step, fresh.inputs), c.sizes);
      EXPECT_NEAR(f->scalar(0), want[0].get(0), 1e-5);
    } else {
      f->run(pointers(fresh.step, fresh.inputs), c.sizes);  // no samples: a loss of 0 / 0, and no crash
    }
  }
  EXPECT_EQ(engine.stats().kernels, kernels);
  EXPECT_THROW(f->run(pointers(p.step, p.inputs), {{"B", 65}}), Error);
}

std::set<std::string> kernels_of(int layers) {
  Diagnostics diagnostics("mlp.nn", R"(
model Mlp {
  input x: f32[B, 64]
  h = x
  repeat )" + std::to_string(layers) + R"( as hidden { h = relu(linear(h, 64)) }
  output y = linear(h, 64)
}
train Mlp {
  target    t: f32[B, 64]
  loss      mse(y, t)
  optimizer adam(lr = 1e-3)
}
)");
  std::optional<Module> m = elaborate(parse(diagnostics), diagnostics, {});
  Graph fused = run_pipeline(training_step(m.value().train, m->spec->update), {});
  std::set<std::string> distinct;
  for (const loop::Kernel& k : lower_all(fused, {.target = Target::host(), .max_dims = {{"B", 32}}}))
    distinct.insert(print(k, false));
  return distinct;
}

// Biases are updated four a kernel, beside the last layer's: of 24 layers and it one is left over.
TEST(Program, EqualLayersShareTheirKernels) {
  std::set<std::string> few = kernels_of(3);
  EXPECT_EQ(kernels_of(23), few);
  EXPECT_EQ(kernels_of(24).size(), few.size() + 1);
}

}  // namespace
}  // namespace nnc
