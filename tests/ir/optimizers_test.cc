// Three steps of every optimizer against torch.optim, and initial values against what they promise.
#include "ir/optimizers.h"

#include <cfloat>

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
      .spec->update.optimizer;
}

/// One parameter's update as a graph, and what it keeps.
struct Descent {
  Descent(const std::string& optimizer, const Type& type) {
    OptimizerSpec spec = spec_of(optimizer);
    Builder b(g);
    Value param = b.param("w", type), gradient = b.input("g", type), step = b.input("t", {DType::I64, {}});
    Update u =
        apply_optimizer(b, spec, param, gradient, b.scalar(DType::F64, optimizer_arg(spec, "lr")), step);
    g.add_output({"w", u.param, true});
    for (const auto& [path, value] : u.state) g.add_output({path, value, true});
    for (NodeId id : g.params()) {
      const auto& a = g.node(id).as<ParamAttrs>();
      state.emplace(a.path, Tensor(a.type.dtype, evaluate(a.type.shape, {})));
    }
  }
  void step(const Tensor& gradient, int64_t t) {
    std::vector<Tensor> next = interpret(g, {{"g", gradient}, {"t", Tensor::scalar(DType::I64, t)}}, state);
    for (size_t i = 0; i < next.size(); ++i) state[g.outputs()[i].name] = next[i];
  }

  Graph g{"update"};
  NamedTensors state;
};

TEST(Optimizers, AgreeWithPyTorch) {
  for (const OptimizerCase& c : kCases) {
    SCOPED_TRACE(c.optimizer);
    Type type{DType::F64, {3}};
    Descent descent(c.optimizer, type);
    descent.state["w"] = patterned(type, kWeights);
    for (int t = 0; t < 3; ++t)
      descent.step(Tensor::from(DType::F64, {3}, {(t + 1) * 0.25, -0.5, t - 1.0}), t + 1);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(descent.state["w"].get(i), c.after[i], 1e-14);
  }
}

// Moments that nothing feeds any more end as zeros, or as no more than what keeps a mean of squares normal, and are
// never denormal on the way.
TEST(Optimizers, LetMomentsVanish) {
  for (DType dtype : {DType::F32, DType::F64}) {
    const double smallest = dtype == DType::F32 ? std::numeric_limits<float>::min() : DBL_MIN;
    for (const char* optimizer : {"sgd(momentum = 0.5)", "adam(beta1 = 0.5, beta2 = 0.5)",
                                  "lion(beta2 = 0.5)", "rmsprop(alpha = 0.5, centered = true)"}) {
      SCOPED_TRACE(optimizer);
      Descent descent(optimizer, {dtype, {2}});
      for (auto& [path, tensor] : descent.state)
        tensor = Tensor::from(dtype, {2}, {5 * smallest, 3 * smallest});
      for (int t = 1; t <= 4; ++t) {
        descent.step(Tensor(dtype, {2}), t);
        for (const auto& [path, tensor] : descent.state) {
          if (path == "w") continue;
          for (int i = 0; i < 2; ++i) {
            double size = std::abs(tensor.get(i));
            EXPECT_TRUE(size == 0 || size >= smallest) << path << " after " << t << ": " << size;
            EXPECT_TRUE(t < 4 || size <= 10 * smallest) << path << " after " << t << ": " << size;
          }
        }
      }
    }
  }
}

// The square of a gradient that is small enough is denormal: the mean of squares counts it as a normal number.
TEST(Optimizers, SquaresOfSmallGradientsStayNormal) {
  for (const char* optimizer : {"adam()", "nadam()", "rmsprop()", "adadelta()"}) {
    Descent descent(optimizer, {DType::F32, {2}});
    descent.step(Tensor::from(DType::F32, {2}, {1e-20, 0}), 1);
    for (const auto& [path, tensor] : descent.state) {
      if (!path.ends_with(".v") && !path.ends_with(".delta")) continue;
      for (int i = 0; i < 2; ++i)
        EXPECT_GE(tensor.get(i), std::numeric_limits<float>::min()) << optimizer << " " << path;
    }
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
      // A standard normal within [-2, 2] and [-1, 3]: mean and variance by the textbook formula.
      {"truncated_normal", 0, 0.8796256610342398, -2, 2},
      {"truncated_normal(1, 0.5, 0.5, 2.5)", 1.141393055363577, 0.39247348170221297, 0.5, 2.5},
      {"kaiming_normal(mode = \"fan_out\")", 0, std::sqrt(2 / 100.0), -inf, inf},
      {"kaiming_uniform(nonlinearity = \"tanh\")", 0, 5 / 3.0 / std::sqrt(200.0),
       -5 / 3.0 * std::sqrt(3 / 200.0), 5 / 3.0 * std::sqrt(3 / 200.0)},
      {"kaiming_normal(nonlinearity = \"relu\", mode = \"fan_in\")", 0, std::sqrt(2 / 200.0), -inf, inf},
      {"kaiming_normal(nonlinearity = \"selu\")", 0, 0.75 / std::sqrt(200.0), -inf, inf},
      {"identity", 0.005, std::sqrt(0.005 * 0.995), 0, 1},
      {"orthogonal(2)", 0, 2 / std::sqrt(200.0), -2, 2},
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

// Q Q^T = gain^2 on the side that is shorter; axes behind the first count as one.
TEST(Initializers, OrthogonalIsOrthogonal) {
  struct Case {
    const char* type;
    int64_t rows, columns;
    double tolerance;
  };
  for (const Case& c : {Case{"f64[20, 50]", 20, 50, 1e-13},
                        {"f64[50, 20]", 50, 20, 1e-13},
                        {"f64[30, 30]", 30, 30, 1e-13},
                        {"f64[100, 100]", 100, 100, 1e-13},
                        {"f32[8, 3, 2, 2]", 8, 12, 1e-5}}) {
    SCOPED_TRACE(c.type);
    Module m = module_of(std::string("model M {\n param w: ") + c.type + " = orthogonal(1.5)\n output w\n}");
    Tensor w = interpret(m.init, {{"seed", Tensor(DType::I64, {})}})[0];
    bool wide = c.rows <= c.columns;
    int64_t units = wide ? c.rows : c.columns, length = wide ? c.columns : c.rows;
    auto at = [&](int64_t unit, int64_t i) {
      return wide ? w.get(unit * c.columns + i) : w.get(i * c.columns + unit);
    };
    for (int64_t a = 0; a < units; ++a) {
      for (int64_t b = 0; b <= a; ++b) {
        double product = 0;
        for (int64_t i = 0; i < length; ++i) product += at(a, i) * at(b, i);
        EXPECT_NEAR(product, a == b ? 2.25 : 0, c.tolerance);
      }
    }
  }
}

// The distribution function at a few places, of 20000 draws: three standard errors are 0.011.
TEST(Initializers, TruncatedNormalHasItsDistribution) {
  Module m = module_of("model M {\n param w: f64[20000] = truncated_normal(0, 1, -3, 1)\n output w\n}");
  Tensor w = interpret(m.init, {{"seed", Tensor(DType::I64, {})}})[0];
  auto cdf = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  for (double x : {-2.5, -2.0, -1.0, 0.0, 0.5, 0.9}) {
    int64_t below = 0;
    for (int64_t i = 0; i < w.count(); ++i) below += w.get(i) < x;
    EXPECT_NEAR(static_cast<double>(below) / 20000, (cdf(x) - cdf(-3)) / (cdf(1) - cdf(-3)), 0.011) << x;
  }
}

TEST(Initializers, MistakesAreNamed) {
  auto errors = [](const std::string& type, const std::string& init) {
    return errors_of("model M {\n param w: " + type + " = " + init + "\n output w\n}");
  };
  EXPECT_NE(errors("f32[2, 2]", "kaiming_normal(mode = \"fan\")")
                .find("kaiming_normal's 'mode' is one of \"fan_in\", \"fan_out\", not \"fan\""),
            std::string::npos);
  EXPECT_NE(errors("f32[2, 2]", "kaiming_normal(mode = 1)").find("is one of"), std::string::npos);
  EXPECT_NE(errors("f32[2]", "orthogonal").find("this initialiser needs a weight"), std::string::npos);
  EXPECT_NE(errors("f32[2]", "identity").find("identity needs a matrix"), std::string::npos);
  EXPECT_NE(errors("f32[2]", "truncated_normal(low = 2)").find("low below high"), std::string::npos);
  EXPECT_NE(errors("f32[2]", "truncated_normal(low = 50, high = 51)").find("no chance"), std::string::npos);
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
