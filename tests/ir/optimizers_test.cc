// Three steps of every optimizer against torch.optim, and initial values against what they promise.
#include "ir/optimizers.h"

#include <gtest/gtest.h>

#include "ir/initializers.h"
#include "tests/ir/model_text.h"

namespace nnc::test {
namespace {

struct OptimizerCase {
  const char* optimizer;
  std::vector<double> after;  // three steps of torch 1.13
};

// nadam by torch's foreach form: the other one of 1.13 multiplies mu_t in twice, which later versions mended.
const OptimizerCase kCases[] = {
    {"sgd(lr = 0.1)", {-0.4, 0.7750000000000001, 0.125}},
    {"sgd(lr = 0.1, weight_decay = 0.5)", {-0.35940625, 0.678484375, 0.09742187499999999}},
    {"sgd(lr = 0.1, momentum = 0.9)", {-0.48775, 0.9055, 0.296}},
    {"sgd(lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.1)",
     {-0.58983613275, 0.971089008125, 0.25878233262500006}},
    {"sgd(0.1, 0.9, dampening = 0.5)", {-0.40275, 0.833, 0.34600000000000003}},
    {"adam", {-0.2529231831677726, 0.62799999994, 0.12658419052126207}},
    {"adam(lr = 0.1, beta1 = 0.8, beta2 = 0.95, eps = 0.01, weight_decay = 0.1)",
     {-0.5363277690476148, 0.9178488511407443, 0.2646099148455068}},
    {"rmsprop", {-0.5198826809671808, 0.8539129921932859, 0.1539348841492299}},
    {"rmsprop(lr = 0.1, alpha = 0.9, eps = 0.01, momentum = 0.8, centered = true, weight_decay = 0.1)",
     {-1.7654912257232505, 1.9889801664256062, 0.6461826775332322}},
    {"adagrad", {-0.27696210916091474, 0.6478445705000951, 0.12792893218763451}},
    {"adagrad(0.1, lr_decay = 0.5, weight_decay = 0.1, initial_accumulator = 0.2, eps = 0.01)",
     {-0.37478831362748494, 0.7553577197732889, 0.17989391790168235}},
    {"adadelta", {-0.2620713494639063, 0.6347073134931529, 0.12492233440362949}},
    {"adadelta(lr = 0.5, rho = 0.8, eps = 0.01, weight_decay = 0.1)",
     {-0.5870957041915901, 0.9323040114419119, 0.11429645958248057}},
    {"adam(lr = 0.1, amsgrad = true)", {-0.5423183167772649, 0.9249999939999993, 0.28338554083453193}},
    {"adamw(lr = 0.1)", {-0.5412726483351201, 0.9228269683809973, 0.2827775211787428}},
    {"adamw(0.1, 0.8, 0.95, 0.01, 0.3, amsgrad = true)",
     {-0.5072524147217152, 0.8558029779411763, 0.24876733241495624}},
    {"adamax", {-0.25490638946128436, 0.63099999988, 0.12780809530749546}},
    {"adamax(lr = 0.1, beta1 = 0.8, beta2 = 0.7, eps = 0.01, weight_decay = 0.1)",
     {-0.4910558086681198, 0.921097120817331, 0.2687159041476592}},
    {"nadam", {-0.2559623958985051, 0.6301447064304642, 0.12573534630460695}},
    {"nadam(lr = 0.1, beta1 = 0.8, beta2 = 0.95, eps = 0.01, weight_decay = 0.1, momentum_decay = 0.3)",
     {-0.5624143911563665, 0.897017411146851, 0.15949412719075806}},
};

OptimizerSpec spec_of(const std::string& text) {
  return module_of("model M {\n input x: f32[B]\n output y = x\n}\ntrain M {\n loss sum(y)\n optimizer " +
                   text + "\n}")
      .spec->optimizer;
}

TEST(Optimizers, AgreeWithPyTorch) {
  for (const OptimizerCase& c : kCases) {
    SCOPED_TRACE(c.optimizer);
    OptimizerSpec spec = spec_of(c.optimizer);
    Graph g("update");
    Builder b(g);
    Type type{DType::F64, {3}};
    Value param = b.param("w", type), gradient = b.input("g", type), step = b.input("t", {DType::I64, {}});
    Update u =
        apply_optimizer(b, spec, param, gradient, b.scalar(DType::F64, optimizer_arg(spec, "lr")), step);
    g.add_output({"w", u.param, true});
    for (const auto& [path, value] : u.state) g.add_output({path, value, true});

    NamedTensors state;
    for (NodeId id : g.params()) {
      const auto& a = g.node(id).as<ParamAttrs>();
      state.emplace(a.path, Tensor(a.type.dtype, evaluate(a.type.shape, {})));
    }
    state["w"] = patterned(type, kWeights);
    for (int t = 0; t < 3; ++t) {
      NamedTensors inputs{{"g", Tensor::from(DType::F64, {3}, {(t + 1) * 0.25, -0.5, t - 1.0})},
                          {"t", Tensor::scalar(DType::I64, t + 1)}};
      std::vector<Tensor> next = interpret(g, inputs, state);
      for (size_t i = 0; i < next.size(); ++i) state[g.outputs()[i].name] = next[i];
    }
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(state["w"].get(i), c.after[i], 1e-14);
  }
}

struct InitCase {
  const char* init;
  double mean, deviation, low, high;
};

TEST(Initializers, HaveTheirMoments) {
  const double inf = INFINITY;
  const InitCase cases[] = {
      {"zeros", 0, 0, 0, 0},
      {"ones", 1, 0, 1, 1},
      {"constant(2.5)", 2.5, 0, 2.5, 2.5},
      {"-0.5", -0.5, 0, -0.5, -0.5},
      {"uniform(-1, 3)", 1, 4 / std::sqrt(12.0), -1, 3},
      {"normal(1, 0.5)", 1, 0.5, -inf, inf},
      {"kaiming_uniform", 0, std::sqrt(2 / 200.0), -std::sqrt(6 / 200.0), std::sqrt(6 / 200.0)},
      {"kaiming_normal(slope = 1)", 0, std::sqrt(1 / 200.0), -inf, inf},
      {"xavier_uniform(2)", 0, 2 * std::sqrt(2 / 300.0), -2 * std::sqrt(6 / 300.0), 2 * std::sqrt(6 / 300.0)},
      {"xavier_normal", 0, std::sqrt(2 / 300.0), -inf, inf},
  };
  for (const InitCase& c : cases) {
    SCOPED_TRACE(c.init);
    Module m = module_of(std::string("model M {\n param w: f32[100, 200] = ") + c.init + "\n output w\n}");
    Tensor w = interpret(m.init, {{"seed", Tensor(DType::I64, {})}})[0];
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < w.count(); ++i) {
      sum += w.get(i);
      squares += (w.get(i) - c.mean) * (w.get(i) - c.mean);
      ASSERT_GE(w.get(i), c.low - 1e-6);
      ASSERT_LE(w.get(i), c.high + 1e-6);
    }
    // Five standard errors of 20000 samples.
    EXPECT_NEAR(sum / w.count(), c.mean, 1e-12 + c.deviation * 0.036);
    EXPECT_NEAR(std::sqrt(squares / w.count()), c.deviation, 1e-12 + c.deviation * 0.036);
  }
}

// torch.nn.Linear draws both weight and bias from ±1/sqrt(in).
TEST(Initializers, LinearIsAsInPyTorch) {
  Module m = module_of("model M {\n input x: f32[B, 400]\n output y = linear(x, 300)\n}");
  std::vector<Tensor> drawn = interpret(m.init, {{"seed", Tensor::scalar(DType::I64, 7)}});
  for (const Tensor& t : drawn) {
    double largest = 0;
    for (int64_t i = 0; i < t.count(); ++i) largest = std::max(largest, std::abs(t.get(i)));
    EXPECT_LE(largest, 0.05);
    EXPECT_GT(largest, 0.049);
  }
  EXPECT_FALSE(drawn == interpret(m.init, {{"seed", Tensor::scalar(DType::I64, 8)}}));
}

}  // namespace
}  // namespace nnc::test
