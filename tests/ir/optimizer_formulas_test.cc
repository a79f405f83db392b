// A hundred steps of every optimizer against its textbook formula, written as plain loops over doubles.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "ir/optimizers.h"
#include "tests/ir/model_text.h"

namespace nnc::test {
namespace {

constexpr int kSize = 4, kSteps = 100;
using Vector = std::array<double, kSize>;

// What a formula keeps for one element between steps.
struct Memory {
  double a = 0, b = 0, c = 0, product = 1;
};
// The new p of one element after step t (from 1).
using Formula = std::function<double(double p, double g, int t, Memory& s)>;

double sgd(double p, double g, int t, Memory& s) {
  g += 0.01 * p;
  s.a = t == 1 ? g : 0.9 * s.a + (1 - 0.3) * g;
  return p - 0.05 * s.a;
}

double nesterov(double p, double g, int t, Memory& s) {
  s.a = t == 1 ? g : 0.8 * s.a + g;
  return p - 0.05 * (g + 0.8 * s.a);
}

double rmsprop(double p, double g, int, Memory& s) {
  g += 0.02 * p;
  s.a = 0.9 * s.a + 0.1 * g * g;
  s.b = 0.9 * s.b + 0.1 * g;
  s.c = 0.7 * s.c + g / (std::sqrt(s.a - s.b * s.b) + 1e-3);
  return p - 0.01 * s.c;
}

double adagrad(double p, double g, int t, Memory& s) {
  g += 0.02 * p;
  s.a = (t == 1 ? 0.5 : s.a) + g * g;
  return p - 0.1 / (1 + (t - 1) * 0.01) * g / (std::sqrt(s.a) + 1e-6);
}

double adadelta(double p, double g, int, Memory& s) {
  g += 0.02 * p;
  s.a = 0.8 * s.a + 0.2 * g * g;
  double delta = std::sqrt(s.b + 1e-3) / std::sqrt(s.a + 1e-3) * g;
  s.b = 0.8 * s.b + 0.2 * delta * delta;
  return p - 0.7 * delta;
}

double adam_like(double p, double g, int t, Memory& s, bool largest) {
  s.a = 0.8 * s.a + 0.2 * g;
  s.b = 0.95 * s.b + 0.05 * g * g;
  s.c = std::max(s.c, s.b);
  double m = s.a / (1 - std::pow(0.8, t)), v = (largest ? s.c : s.b) / (1 - std::pow(0.95, t));
  return p - 0.02 * m / (std::sqrt(v) + 1e-4);
}

double adam(double p, double g, int t, Memory& s) { return adam_like(p, g + 0.02 * p, t, s, false); }
double amsgrad(double p, double g, int t, Memory& s) { return adam_like(p, g, t, s, true); }
double adamw(double p, double g, int t, Memory& s) { return adam_like(p - 0.02 * 0.3 * p, g, t, s, false); }

double adamax(double p, double g, int t, Memory& s) {
  g += 0.02 * p;
  s.a = 0.8 * s.a + 0.2 * g;
  s.b = std::max(0.95 * s.b, std::abs(g) + 1e-4);
  return p - 0.02 / (1 - std::pow(0.8, t)) * s.a / s.b;
}

double nadam(double p, double g, int t, Memory& s) {
  g += 0.02 * p;
  double mu = 0.8 * (1 - 0.5 * std::pow(0.96, t * 0.1)),
         next = 0.8 * (1 - 0.5 * std::pow(0.96, (t + 1) * 0.1));
  s.product *= mu;
  s.a = 0.8 * s.a + 0.2 * g;
  s.b = 0.95 * s.b + 0.05 * g * g;
  double root = std::sqrt(s.b / (1 - std::pow(0.95, t))) + 1e-4;
  return p - 0.02 * (1 - mu) / (1 - s.product) * g / root - 0.02 * next / (1 - s.product * next) * s.a / root;
}

double lion(double p, double g, int, Memory& s) {
  double mixed = 0.9 * s.a + 0.1 * g;
  s.a = 0.95 * s.a + 0.05 * g;
  return p * (1 - 0.02 * 0.3) - 0.02 * (mixed > 0 ? 1 : mixed < 0 ? -1 : 0);
}

struct FormulaCase {
  const char* optimizer;
  Formula formula;
};

const FormulaCase kFormulas[] = {
    {"sgd(lr = 0.05, momentum = 0.9, dampening = 0.3, weight_decay = 0.01)", sgd},
    {"sgd(lr = 0.05, momentum = 0.8, nesterov = true)", nesterov},
    {"rmsprop(lr = 0.01, alpha = 0.9, eps = 1e-3, weight_decay = 0.02, momentum = 0.7, centered = true)",
     rmsprop},
    {"adagrad(lr = 0.1, lr_decay = 0.01, weight_decay = 0.02, initial_accumulator = 0.5, eps = 1e-6)",
     adagrad},
    {"adadelta(lr = 0.7, rho = 0.8, eps = 1e-3, weight_decay = 0.02)", adadelta},
    {"adam(lr = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, weight_decay = 0.02)", adam},
    {"adam(lr = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, amsgrad = true)", amsgrad},
    {"adamw(lr = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, weight_decay = 0.3)", adamw},
    {"adamax(lr = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, weight_decay = 0.02)", adamax},
    {"nadam(lr = 0.02, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, weight_decay = 0.02, momentum_decay = 0.1)",
     nadam},
    {"lion(lr = 0.02, beta1 = 0.9, beta2 = 0.95, weight_decay = 0.3)", lion},
};

// Bends with p, so that an error made early goes on; its size changes, so that maxima and means differ.
double gradient(double p, int t, int i) {
  return (p - 0.3 * i) + (1 + 0.5 * i) * std::sin(0.37 * t + i) / std::sqrt(t);
}

class Descent {
 public:
  explicit Descent(const std::string& optimizer) : g_("update") {
    Module m =
        module_of("model M {\n input x: f32[B]\n output y = x\n}\ntrain M {\n loss sum(y)\n optimizer " +
                  optimizer + "\n}");
    Builder b(g_);
    Value param = b.param("w", {DType::F64, {kSize}}), grad = b.input("g", {DType::F64, {kSize}});
    Value step = b.input("t", {DType::I64, {}});
    Value rate = b.scalar(DType::F64, optimizer_arg(m.spec->update.optimizer, "lr"));
    Update u = apply_optimizer(b, m.spec->update.optimizer, param, grad, rate, step);
    g_.add_output({"w", u.param, true});
    for (const auto& [path, value] : u.state) g_.add_output({path, value, true});
    for (NodeId id : g_.params()) {
      const auto& a = g_.node(id).as<ParamAttrs>();
      state_.emplace(a.path, Tensor(a.type.dtype, evaluate(a.type.shape, {})));
    }
  }

  void set(const Vector& p) {
    for (int i = 0; i < kSize; ++i) state_.at("w").set(i, p[i]);
  }
  void step(const Vector& g, int t) {
    NamedTensors inputs{{"g", Tensor::from(DType::F64, {kSize}, {g.begin(), g.end()})},
                        {"t", Tensor::scalar(DType::I64, t)}};
    std::vector<Tensor> next = interpret(g_, inputs, state_);
    for (size_t i = 0; i < next.size(); ++i) state_.at(g_.outputs()[i].name) = next[i];
  }
  double at(int i) const { return state_.at("w").get(i); }

 private:
  Graph g_;
  NamedTensors state_;
};

TEST(OptimizerFormulas, HoldForAHundredSteps) {
  for (const FormulaCase& c : kFormulas) {
    SCOPED_TRACE(c.optimizer);
    Descent descent(c.optimizer);
    Vector p{0.5, -1, 2, 0.1};
    descent.set(p);
    std::array<Memory, kSize> memory;
    for (int t = 1; t <= kSteps; ++t) {
      Vector g;
      for (int i = 0; i < kSize; ++i) g[i] = gradient(p[i], t, i);
      descent.step(g, t);
      for (int i = 0; i < kSize; ++i) {
        p[i] = c.formula(p[i], g[i], t, memory[i]);
        ASSERT_NEAR(descent.at(i), p[i], 1e-11) << "step " << t << " element " << i;
      }
    }
  }
}

TEST(OptimizerFormulas, CoverEveryRow) {
  std::set<std::string> covered;
  for (const FormulaCase& c : kFormulas)
    covered.insert(std::string(c.optimizer).substr(0, std::string(c.optimizer).find('(')));
  for (const OptimizerRow& row : all_optimizers())
    EXPECT_TRUE(covered.count(std::string(row.name))) << row.name;
}

// A constant gradient brings the centred variance to zero and, rounded, below it.
TEST(OptimizerFormulas, CenteredRmspropStaysFinite) {
  Descent descent("rmsprop(lr = 1e-9, alpha = 0.5, centered = true)");
  for (int t = 1; t <= 200; ++t) descent.step({0.1, 0.3, 1.0 / 3, 7}, t);
  for (int i = 0; i < kSize; ++i) EXPECT_TRUE(std::isfinite(descent.at(i)));
}

}  // namespace
}  // namespace nnc::test
