// What lies between gradients and update, and how groups of parameters differ: three steps against PyTorch's numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "passes/read_averages.h"
#include "passes/training_step.h"
#include "tests/ir/model_text.h"

namespace nnc::test {
namespace {

// The numbers are those of torch 1.13 for this net in f64, x, t and the parameters filled by the patterns of model_text.h:
// clip_grad_norm_ and clip_grad_value_ between backward() and step(), groups as param_groups, frozen parameters
// without requires_grad.
std::string net_with(const std::string& lines) {
  return "model M {\n input x: f64[B, 2]\n h = tanh(linear(x, 3))\n output y = linear(h, 1)\n}\n"
         "train M {\n target t: f64[B, 1]\n loss mse(y, t)\n " +
         lines + "\n}\n";
}

class Stepper {
 public:
  explicit Stepper(const std::string& lines) : module_(module_of(net_with(lines))) {
    update_ = module_.spec->update;
    step_ = training_step(module_.train, update_);
    for (NodeId id : step_.params()) {
      const auto& a = step_.node(id).as<ParamAttrs>();
      state_.emplace(a.path, Tensor(a.type.dtype, evaluate(a.type.shape, {})));
    }
    for (const auto& [path, tensor] : patterned_params(module_.predict)) {
      state_.insert_or_assign(path, tensor);
      if (state_.count(average_path(path))) state_.at(average_path(path)) = tensor;
    }
  }

  /// A step over rows of the patterned table of four; where it is bad, its loss is NaN.
  void step(int64_t begin = 0, int64_t end = 4, double share = 1, bool update = true, bool bad = false) {
    auto rows = [&](const std::string& name, int64_t width) {
      Tensor all = patterned({DType::F64, {4, width}}, kOperands), out(DType::F64, {end - begin, width});
      for (int64_t i = 0; i < out.count(); ++i) out.set(i, all.get(begin * width + i));
      inputs_.insert_or_assign(name, out);
    };
    rows("x", 2);
    rows("t", 1);
    if (bad) inputs_.at("t").set(0, std::nan(""));
    inputs_.insert_or_assign(kLearningRateInput,
                             Tensor::scalar(DType::F64, optimizer_arg(update_.optimizer, "lr")));
    inputs_.insert_or_assign(kShareInput, Tensor::scalar(DType::F64, share));
    inputs_.insert_or_assign(kUpdateInput, Tensor::scalar(DType::Bool, update));
    std::vector<Tensor> values = interpret(step_, inputs_, state_);
    for (size_t i = 0; i < values.size(); ++i) {
      if (step_.outputs()[i].state_write) state_.at(step_.outputs()[i].name) = values[i];
    }
  }

  /// All weights in the order of their paths, or their averages.
  std::vector<double> weights(bool averages = false) const {
    std::vector<double> out;
    for (const auto& [path, tensor] : patterned_params(module_.predict)) {
      const Tensor& t = state_.at(averages ? average_path(path) : path);
      for (int64_t i = 0; i < t.count(); ++i) out.push_back(t.get(i));
    }
    return out;
  }

  const Module& module() const { return module_; }
  const NamedTensors& state() const { return state_; }

 private:
  Module module_;
  UpdateSpec update_;
  Graph step_{"step"};
  NamedTensors inputs_, state_;
};

struct Case {
  const char* lines;
  std::vector<double> after;
};

const Case kCases[] = {
    {"optimizer sgd(lr = 0.5, momentum = 0.9)",
     {-0.09915112847517481, 0.15139949274951606, 0.26596784651064453, -0.4568957594624494, 0.6899512760907709,
      0.6478303627030797, -0.6227208295724249, 0.5995210434139588, -0.19397299419746766, -0.6322855396514372,
      -0.7789241198659552, 0.5170566358026955, 0.5491216333638765}},
    {"optimizer sgd(lr = 0.5, momentum = 0.9)\n clip norm(0.25)",
     {-0.11553849656484828, 0.34993123933651626, 0.08678383511817851, -0.37772905513691524,
      0.6731545579184982, 0.37658793132970836, -0.5022855178351479, 0.5624838098302581, -0.0704987756827405,
      -0.6521863973159855, -0.4750350546407858, 0.5799799541491639, 0.3108456058383698}},
    {"optimizer sgd(lr = 0.5, momentum = 0.9)\n clip value(0.1)",
     {0.0305, 0.3445, -0.03913390099545283, -0.5305, 0.7843671423877919, 0.4055, -0.6199014880710333,
      0.7104883294764569, -0.2358046966921224, -0.5305, -0.5305, 0.44083063893654467, 0.4055}},
    {"optimizer sgd(lr = 0.5, momentum = 0.9)\n clip value(0.1), norm(limit = 0.25)",
     {-0.03699146730185353, 0.41199146730185354, -0.0119266453350938, -0.46300853269814646,
      0.7535149423212035, 0.33800853269814646, -0.5751864870440402, 0.6652974683384765, -0.17968212270220654,
      -0.46300853269814646, -0.46300853269814646, 0.4645483075887531, 0.33800853269814646}},
    {"optimizer adam(lr = 0.1, weight_decay = 0.3)\n group params(\"h.*.bias\", rate = 0.25, weight_decay = "
     "0)\n"
     " group params(\"*.bias\", weight_decay = 0)",
     {-0.17629744964024407, 0.5539269423927892, 0.05044659887495769, -0.5274408539065205, 0.33865505679071645,
      0.4024186527436597, -0.48347779823088893, 0.26042048978134025, -0.2984832100587402, -0.5319288666412924,
      -0.5462384596834868, 0.35823285677993155, 0.4114422196472432}},
    {"optimizer sgd(lr = 0.5)\n clip norm(0.25)\n group params(\"h.*\", frozen = true)",
     {-0.25, 0.625, 0.125, -0.25, 0.625, 0.125, -0.375, 0.5, 0.0, -0.5457021360514872, -0.412446048718825,
      0.5693532333882101, 0.2631154539496476}},
};

TEST(GradientSeam, AgreesWithPyTorch) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.lines);
    Stepper run(c.lines);
    for (int i = 0; i < 3; ++i) run.step();
    std::vector<double> got = run.weights();
    ASSERT_EQ(got.size(), c.after.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], c.after[i], 1e-14) << i;
  }
}

TEST(GradientSeam, TheFrozenHaveNoGradientAndNoState) {
  Stepper run("optimizer adam\n group params(\"h.*\", frozen = true)\n average 0.9");
  EXPECT_EQ(run.state().count("h.linear.weight.adam.m"), 0u);
  EXPECT_EQ(run.state().count("h.linear.weight.average"), 0u);
  EXPECT_EQ(run.state().count("y.linear.weight.adam.m"), 1u);
}

// Unequal parts too: an update is that of all their samples together, moments and bias corrections included.
TEST(GradientSeam, SeveralBatchesMakeTheUpdateOfOne) {
  const char* kOptimizers[] = {"optimizer adam(lr = 0.1)\n clip norm(0.3)\n average 0.9",
                               "optimizer nadam(lr = 0.1)\n clip value(0.01)\n average 0.9"};
  for (const std::string optimizer : kOptimizers) {
    Stepper one(optimizer), parts(optimizer + "\n accumulate 3");
    for (int i = 0; i < 5; ++i) {
      one.step();
      parts.step(0, 1, 0.25, false);
      parts.step(1, 2, 0.25, false);
      parts.step(2, 4, 0.5, true);
    }
    for (bool averages : {false, true}) {
      std::vector<double> want = one.weights(averages), got = parts.weights(averages);
      for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-13) << optimizer << i;
    }
    EXPECT_EQ(parts.state().at(kUpdatesParam).get_int(0), 5);
    EXPECT_EQ(parts.state().at("train.step").get_int(0), 15);
    EXPECT_EQ(parts.state().at("h.linear.weight.accumulated").get(0), 0);
  }
}

TEST(GradientSeam, HeldBackUpdatesChangeNothingButTheSum) {
  Stepper run("optimizer adam(lr = 0.1)\n accumulate 2\n average 0.9");
  NamedTensors before = run.state();
  run.step(0, 2, 0.5, false);
  for (const auto& [path, tensor] : run.state()) {
    bool changes = path.ends_with(".accumulated") || path == "train.step";
    EXPECT_EQ(tensor == before.at(path), !changes) << path;
  }
}

// A bad batch adds nothing to its update; where it is the last there is none, and nothing is left to the next.
TEST(GradientSeam, ABadBatchLeavesNothingToTheNextUpdate) {
  Stepper first_bad("optimizer sgd(lr = 1)\n accumulate 2"), half("optimizer sgd(lr = 0.5)"),
      last_bad("optimizer sgd(lr = 1)\n accumulate 2");
  first_bad.step(0, 2, 0.5, false, true);
  first_bad.step(2, 4, 0.5, true);
  half.step(2, 4);
  std::vector<double> want = half.weights(), got = first_bad.weights(), before = last_bad.weights();
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-14);
  last_bad.step(0, 2, 0.5, false);
  last_bad.step(2, 4, 0.5, true, true);
  EXPECT_EQ(last_bad.weights(), before);
  for (const Stepper* s : {&first_bad, &last_bad}) {
    for (const auto& [path, tensor] : s->state())
      EXPECT_TRUE(!path.ends_with(".accumulated") || tensor.get(0) == 0) << path;
  }
}

// average = 0.9 average + 0.1 weight after every step, from the initial weights.
TEST(GradientSeam, EvaluationReadsTheAverage) {
  const double want[] = {-0.20824008325096627, 0.5195031101150537,  0.13343704719540106,  -0.2969484397928417,
                         0.6418256436600203,   0.22979064817549344, -0.427677899123947,   0.5228064155093223,
                         -0.03462751702293464, -0.3719736831975294, -0.35055269445907394, 0.6007741892253611,
                         0.207416092325265};
  Stepper run("optimizer sgd(lr = 0.5, momentum = 0.9)\n average 0.9");
  for (int i = 0; i < 3; ++i) run.step();
  std::vector<double> got = run.weights(true);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-14);

  Graph predict = run.module().predict;
  Graph averaged =
      read_averages(predict, [&](const std::string& path) { return run.state().count(path) > 0; });
  NamedTensors plain = run.state();
  for (NodeId id : predict.params()) {
    const std::string& path = predict.node(id).as<ParamAttrs>().path;
    plain.at(path) = run.state().at(average_path(path));
  }
  NamedTensors x{{"x", patterned({DType::F64, {4, 2}}, kOperands)}};
  EXPECT_EQ(interpret(averaged, x, run.state()), interpret(predict, x, plain));
}

// What is stored in bf16 is limited, added up and averaged in f32.
TEST(GradientSeam, NarrowStorageIsWidened) {
  std::string text =
      "model M {\n input x: f32[4]\n param w: bf16[4] = 1\n output y = x * cast(w, f32)\n}\n"
      "train M {\n loss sum(y * y)\n optimizer sgd(lr = 0.5)\n clip value(1), norm(1)\n accumulate 2\n"
      " average 0.999\n}\n";
  Module m = module_of(text);
  Graph step = training_step(m.train, m.spec->update);
  auto type_of = [&](const char* path) { return step.type(step.find_output(path, true)->value).dtype; };
  EXPECT_EQ(type_of("w"), DType::BF16);
  EXPECT_EQ(type_of("w.accumulated"), DType::F32);
  EXPECT_EQ(type_of("w.average"), DType::F32);
}

}  // namespace
}  // namespace nnc::test
