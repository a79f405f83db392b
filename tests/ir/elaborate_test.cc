// Elaboration: names of parameters, graphs per mode, settings, and what a wrong file is told.
#include <gtest/gtest.h>

#include <random>

#include <fmt/format.h>

#include "ir/path_pattern.h"
#include "tests/ir/model_text.h"
#include "tests/ir/samples.h"

namespace nnc::test {
namespace {

std::vector<std::string> paths_of(const Graph& init) {
  std::vector<std::string> out;
  for (const Output& o : init.outputs()) out.push_back(o.name);
  return out;
}

std::string signature_of(const Graph& g) {
  std::string out;
  for (NodeId id : g.inputs())
    out += g.node(id).as<InputAttrs>().name + ": " + g.node(id).results[0].str() + ", ";
  out += "->";
  for (const Output& o : g.outputs()) {
    out += fmt::format(" {}{}: {}", o.state_write ? "write " : "", o.name, g.type(o.value).str());
  }
  return out;
}

/// Nodes as "scope op: type", constants left out.
std::string listing_of(const Graph& g) {
  std::string out;
  for (const Node& n : g.nodes()) {
    if (n.op == Op::Constant || n.op == Op::Input) continue;
    out += fmt::format("{} {}: {}\n", g.scope_path(n.scope), info(n.op).name, n.results[0].str());
  }
  return out;
}

TEST(Elaborate, MlpHasAGraphPerMode) {
  Module m = module_of(kSamples[0]);
  EXPECT_EQ(m.name, "MnistMlp");
  EXPECT_EQ(signature_of(m.train),
            "image: u8[B, 28, 28], digit: i32[B], -> loss: f32[] accuracy: i64[B] logits: f32[B, 10]");
  EXPECT_EQ(signature_of(m.eval), signature_of(m.train));
  EXPECT_EQ(signature_of(m.predict), "image: u8[B, 28, 28], -> logits: f32[B, 10]");
  EXPECT_EQ(paths_of(m.init),
            (std::vector<std::string>{"h.linear.weight", "h.linear.bias", "h.linear_1.weight",
                                      "h.linear_1.bias", "logits.linear.weight", "logits.linear.bias"}));
  EXPECT_EQ(m.spec->update.optimizer, (OptimizerSpec{"adam", {{"lr", 1e-3}}}));
  EXPECT_EQ(m.spec->batch, 64);
  EXPECT_EQ(m.spec->epochs, 5);
  EXPECT_EQ(m.spec->data->kind, "idx");
  EXPECT_EQ(std::get<std::string>(m.spec->data->positional.at(0)), "mnist");
  EXPECT_EQ(m.spec->targets.at(0).classes, 10);
  EXPECT_EQ(m.spec->measures.at(0).name, "loss");
  EXPECT_EQ(m.spec->measures.at(1).name, "accuracy");
  EXPECT_EQ(m.spec->measures.at(1).target, "digit");
}

TEST(Elaborate, MlpIsThesePrimitives) {
  EXPECT_EQ(listing_of(module_of(kSamples[0], {"model.hidden1=32"}).predict),
            "x.cast cast: f32[B, 28, 28]\n"
            "x broadcast: f32[B, 28, 28]\n"
            "x div: f32[B, 28, 28]\n"
            "x.flatten reshape: f32[B, 784]\n"
            "h.linear param: f32[32, 784]\n"
            "h.linear dot: f32[B, 32]\n"
            "h.linear param: f32[32]\n"
            "h.linear broadcast: f32[B, 32]\n"
            "h.linear add: f32[B, 32]\n"
            "h.relu broadcast: f32[B, 32]\n"
            "h.relu le: bool[B, 32]\n"
            "h.relu select: f32[B, 32]\n"
            "h.linear_1 param: f32[64, 32]\n"
            "h.linear_1 dot: f32[B, 64]\n"
            "h.linear_1 param: f32[64]\n"
            "h.linear_1 broadcast: f32[B, 64]\n"
            "h.linear_1 add: f32[B, 64]\n"
            "h.relu_1 broadcast: f32[B, 64]\n"
            "h.relu_1 le: bool[B, 64]\n"
            "h.relu_1 select: f32[B, 64]\n"
            "logits.linear param: f32[10, 64]\n"
            "logits.linear dot: f32[B, 10]\n"
            "logits.linear param: f32[10]\n"
            "logits.linear broadcast: f32[B, 10]\n"
            "logits.linear add: f32[B, 10]\n");
}

// The samples hold two models in one text; a train block says which is meant.
std::string with_train(const std::string& text, const std::string& model, const std::string& target) {
  return text + "train " + model + " {\n target y: " + target +
         "\n loss cross_entropy(logits, y)\n optimizer sgd\n}\n";
}

TEST(Elaborate, ConvolutionalNetWritesItsStatistics) {
  Module m = module_of(with_train(kSamples[1], "Cnn", "i32[B]"));
  EXPECT_EQ(signature_of(m.train),
            "x: f32[B, 1, 28, 28], y: i32[B], -> loss: f32[] logits: f32[B, 10] "
            "write h.batch_norm.running_mean: f32[32] write h.batch_norm.running_var: f32[32]");
  EXPECT_EQ(signature_of(m.eval), "x: f32[B, 1, 28, 28], y: i32[B], -> loss: f32[] logits: f32[B, 10]");
  EXPECT_EQ(signature_of(m.predict), "x: f32[B, 1, 28, 28], -> logits: f32[B, 10]");
}

TEST(Elaborate, RecurrentNetReadsItsWeightsInTheScan) {
  Module m = module_of(with_train(kSamples[1], "CharLstm", "i32[B, T]"), {"model.V=65"});
  EXPECT_EQ(signature_of(m.predict), "token: i32[B, T], -> logits: f32[B, T, 65]");
  EXPECT_EQ(paths_of(m.init),
            (std::vector<std::string>{"e.embedding.weight", "hs.ifgo.linear.weight", "hs.ifgo.linear.bias",
                                      "logits.linear.weight", "logits.linear.bias"}));
  for (const Node& n : m.predict.nodes()) {
    if (n.op != Op::Scan) continue;
    const ScanAttrs& scan = n.as<ScanAttrs>();
    EXPECT_EQ(scan.length, Dim::symbol("T"));
    EXPECT_EQ(signature_of(*scan.body.graph),
              "h: f32[B, 256], c: f32[B, 256], x: f32[B, 128], read: f32[1024, 384], read_1: f32[1024], -> "
              "h: f32[B, 256] c: f32[B, 256] yield0: f32[B, 256]");
  }
}

TEST(Elaborate, TransformerNamesItsBlocks) {
  Module m =
      module_of(with_train(kSamples[2], "Gpt", "i32[B, T]"), {"model.V=65", "model.T=32", "model.L=2"});
  EXPECT_EQ(signature_of(m.eval), "token: i32[B, 32], y: i32[B, 32], -> loss: f32[] logits: f32[B, 32, 65]");
  std::vector<std::string> paths = paths_of(m.init);
  ASSERT_EQ(paths.size(), 2 + 2 * 12 + 2);
  EXPECT_EQ(paths[0], "wte");
  EXPECT_EQ(paths[4], "blocks.0.h.Decoder.qkv.linear.weight");
  EXPECT_EQ(paths[24], "blocks.1.h.Decoder.linear_1.weight");
  EXPECT_EQ(paths.back(), "logits.layer_norm.bias");
}

// A recurrent net one step at a time, against the scan.
TEST(Elaborate, ScanComputesWhatUnrollingDoes) {
  const char* scanned =
      "model M {\n input x: f64[2, 3, 4]\n param w: f64[5, 9] = 0\n"
      " ys = scan x as s over 3 carry h = zeros([2, 5], f64) {\n"
      "  h = tanh(dot(concat(s, h), transpose(w)))\n  yield h\n }\n output ys\n}";
  const char* unrolled =
      "model M {\n input x: f64[2, 3, 4]\n param w: f64[5, 9] = 0\n h = zeros([2, 5], f64)\n"
      " a = tanh(dot(concat(x[:, 0], h), transpose(w)))\n b = tanh(dot(concat(x[:, 1], a), transpose(w)))\n"
      " c = tanh(dot(concat(x[:, 2], b), transpose(w)))\n"
      " output ys = concat(reshape(a, [2, 1, 5]), reshape(b, [2, 1, 5]), reshape(c, [2, 1, 5]), axis = 1)\n}";
  auto run = [&](const char* text) {
    Graph g = module_of(text).predict;
    return interpret(g, patterned_inputs(g), patterned_params(g)).at(0);
  };
  Tensor a = run(scanned), b = run(unrolled);
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.count(); ++i) EXPECT_DOUBLE_EQ(a.get(i), b.get(i));
}

TEST(Elaborate, SettingsReplaceWhatTheFileSays) {
  Module m = module_of(kSamples[0], {"train.lr=3e-4", "train.batch=full", "train.epochs=2", "train.seed=9",
                                     "train.optimizer.beta1=0.5", "model.hidden2=16"});
  EXPECT_EQ(m.spec->update.optimizer, (OptimizerSpec{"adam", {{"lr", 3e-4}, {"beta1", 0.5}}}));
  EXPECT_EQ(m.spec->batch, 0);
  EXPECT_EQ(m.spec->epochs, 2);
  EXPECT_EQ(m.spec->seed, 9);
  EXPECT_EQ(m.predict.type(m.predict.outputs()[0].value).str(), "f32[B, 10]");
  m = module_of(kSamples[0], {"train.split=folds", "train.split.folds=5", "train.split.fold=3"});
  EXPECT_EQ(m.spec->split.kind, SplitSpec::Kind::Folds);
  EXPECT_EQ(m.spec->split.folds, 5);
  EXPECT_EQ(m.spec->split.fold, 3);
  Module sgd = module_of(kSamples[0], {"train.optimizer=sgd", "train.momentum=0.9"});
  EXPECT_EQ(sgd.spec->update.optimizer, (OptimizerSpec{"sgd", {{"momentum", 0.9}}}));
}

TEST(Elaborate, TheLossSaysWhichOutputScoresClasses) {
  struct Case {
    const char* loss;
    std::vector<std::string> scores;  // output, target, kind
  };
  const Case cases[] = {
      {"cross_entropy(y, t)", {"y t 0"}},
      {"cross_entropy(target = t, logits = y)", {"y t 0"}},
      {"nll(y, t) + 0.1 * l2(params(\"*\"))", {"y t 1"}},
      {"0.5 * cross_entropy(y, t) + binary_cross_entropy_with_logits(z, b)", {"y t 0", "z b 2"}},
      {"focal(z, b)", {"z b 2"}},
      {"binary_cross_entropy(z, b)", {"z b 3"}},
      {"cross_entropy(2 * y, t)", {}},
      {"mse(z, cast(b, f32))", {}},
  };
  for (const Case& c : cases) {
    Module m = module_of(
        std::string("model M {\n input x: f32[B, 2]\n output y = linear(x, 3)\n output z = sum(x, 1)\n}\n"
                    "train M {\n target t: i32[B]\n target b: i32[B]\n optimizer sgd\n loss ") +
        c.loss + "\n}\n");
    std::vector<std::string> got;
    for (const ClassScores& s : m.spec->scores)
      got.push_back(s.output + " " + s.target + " " + std::to_string(static_cast<int>(s.kind)));
    EXPECT_EQ(got, c.scores) << c.loss;
  }
}

TEST(Elaborate, ColumnsAreCallsInTheirOrder) {
  std::string text = kSamples[0];
  text.insert(text.rfind('}'),
              "  columns impute(\"a*\", by = \"mean\"), one_hot(\"b\", \"c\", size = 3)\n"
              "  columns min_max([\"a1\"], high = 2)\n");
  EXPECT_EQ(str(module_of(text, {"train.columns.impute.by=median"}).spec->columns),
            "impute(columns = [\"a*\"], by = \"median\"), "
            "one_hot(columns = [\"b\", \"c\"], unknown = \"error\", size = 3), "
            "min_max(columns = [\"a1\"], low = 0, high = 2)");
}

TEST(Elaborate, SettingsReachIntoTheCallsOfTheTrainBlock) {
  std::string text = kSamples[0];
  text.insert(text.rfind('}'), "  clip norm(1), value(2)\n  accumulate 2\n");
  UpdateSpec update =
      module_of(text, {"train.clip.value.limit=0.5", "train.accumulate=3", "train.average=0.99"})
          .spec->update;
  EXPECT_EQ(str(update.clips), "norm(limit = 1), value(limit = 0.5)");
  EXPECT_EQ(update.accumulate, 3);
  EXPECT_EQ(update.average, 0.99);
  EXPECT_NE(errors_of(text, {"train.clip.norm.limit=-1"}).find("norm's 'limit' is a number above 0, not -1"),
            std::string::npos);
  EXPECT_NE(errors_of(text, {"train.clip.norm.limt=1"}).find("did you mean 'train.clip.norm.limit'?"),
            std::string::npos);
}

TEST(Elaborate, EditsElsewhereRenameNothing) {
  auto paths = [](const std::string& extra) {
    return paths_of(module_of("model M {\n input x: f32[B, 3]\n" + extra +
                              " h = relu(linear(x, 4))\n output y = linear(h, 2)\n}")
                        .init);
  };
  std::vector<std::string> before = paths(""), after = paths(" k = tanh(linear(x, 9))\n");
  after.erase(after.begin(), after.begin() + 2);
  EXPECT_EQ(before, after);
}

TEST(Elaborate, ReportsEveryMistakeWithItsPlace) {
  EXPECT_EQ(errors_of(R"(model M(hidden = 128) {
  input x: f32[B, 784]
  h = relu(liner(x, hidden))
  a = linear(x, 64)
  b = linear(x, 32)
  c = a + b
  output logits = linear(c, 10)
}
train M {
  data idx("nowhere")
  target digit: i32[B]
  loss cross_entropy(logits, digit)
  optimiser adam(lr = 1e-3)
  batch 0
}
)"),
            R"(model.nn:3:12: error: there is no layer or block 'liner'
  3 |   h = relu(liner(x, hidden))
    |            ^~~~~
help: did you mean 'linear'?
model.nn:6:9: error: '+': shapes [B, 64] and [B, 32] do not broadcast
  6 |   c = a + b
    |         ^
model.nn:4:3: note: this is f32[B, 64]
  4 |   a = linear(x, 64)
    |   ^
model.nn:5:3: note: this is f32[B, 32]
  5 |   b = linear(x, 32)
    |   ^
model.nn:13:3: error: train has no key 'optimiser'
  13 |   optimiser adam(lr = 1e-3)
     |   ^~~~~~~~~
help: did you mean 'optimizer'?
model.nn:14:9: error: batch is a whole number from 1 to 2147483647, not the number 0
  14 |   batch 0
     |         ^
)");
}

struct ErrorCase {
  const char*
      line;  // of a model with input x: f32[B, 4] on line 2 and t: i32[B, T] on line 3; this is line 4
  const char* expected;  // column and message of the first error
};

const ErrorCase kErrors[] = {
    {"y = x + z", "11: error: 'z' is not defined here"},
    {"y = relu", "7: error: 'relu' is not defined here"},
    {"y = 3(x)", "7: error: only layers and blocks can be called"},
    {"y = linear(x)", "7: error: linear needs 'out'"},
    {"y = linear(x, 2, bais = false)", "20: error: linear has no argument 'bais'"},
    {"y = sum(params(\"*\"))", "11: error: params belongs into a loss or a metric"},
    {"y = gelu(x, approximate = \"tan\")", "7: error: gelu: 'approximate' is one of none, tanh, not tan"},
    {"y = linear(x, 2, init = relu)", "27: error: there is no initialiser 'relu'"},
    {"y = linear(x, 2, init = normal(0, x))", "37: error: an argument must be known before the run"},
    {"y = clamp(x)", "7: error: clamp needs min or max"},
    {"v, i = top_k(x, 5)", "10: error: top_k takes from 1 to 1000 elements of axis 1 of f32[B, 4], not 5"},
    {"y = stack(x, t)", "7: error: stack takes tensors of one type, not f32[B, 4] and i32[B, T]"},
    {"y = relu(x, 4)", "15: error: relu takes 1 arguments"},
    {"y = linear(x, 2, out = 3)", "20: error: linear gets 'out' twice"},
    {"y = linear(x, 0.5)", "17: error: linear's 'out' is a size, not the number 0.5"},
    {"y = linear(x, 99999999999999)",
     "7: error: linear: the parameter y.linear.weight would be f32[99999999999999, 4]"},
    {"y = linear(x, 0)", "7: error: linear: the parameter y.linear.weight would be f32[0, 4]: 0 elements"},
    {"y = linear(t, 4)", "7: error: linear of i32[B, T]: cast it to a float type first"},
    {"y = linear(cast(t, f32), 4)",
     "7: error: linear: the last axis of linear's operand must be a number, not T"},
    {"y = t + x", "9: error: '+' needs one element type, not i32[B, T] and f32[B, 4]: cast one of them"},
    {"y = t + 0.5", "9: error: '+': 0.5 is not a value of i32"},
    {"y = x + \"a\"", "9: error: '+': the text \"a\" is not a tensor"},
    {"y = 1 / 0", "9: error: division by 0"},
    {"y = 9223372036854775807 * 2", "27: error: a size overflows 63 bits"},
    {"y = x[0, 9]", "7: error: slice: axis"},
    {"y = x[0, 0, 0]", "7: error: f32[B, 4] has fewer axes than there are subscripts"},
    {"y = softmax(x, axis = 2)", "7: error: softmax: f32[B, 4] has no axis 2"},
    {"y = dropout(x, 1)", "7: error: dropout drops with a probability in [0, 1), not 1"},
    {"y = max_pool(zeros[B, 1, 8, 8], 9)", "7: error: max_pool: window: a window of 9"},
    {"y = zeros[B, -1]", "7: error: zeros's 'shape' is a list of sizes, not a list of 2"},
    {"a, b = split(x, 4)", "10: error: 2 names for a list of 4"},
    {"param w: f32[B] = 0",
     "9: error: the parameter w would be f32[B]: its sizes must be numbers, and B is not one"},
    {"param w: f32[4] = norml(0, 1)", "21: error: there is no initialiser 'norml'"},
    {"param w: f32[4] = xavier_normal", "9: error: this initialiser needs a weight [out, in, …], not f32[4]"},
    {"repeat -1 { y = x }", "10: error: repeat takes a number from 0 to 10000, not the number -1"},
    {"repeat 2 { input z: f32[B] }", "14: error: inputs are declared by the model itself"},
    {"yield x", "3: error: yield belongs into the body of a scan"},
    {"return x", "3: error: return belongs at the end of a block"},
    {"y = scan x as s over Q { yield s }", "24: error: 'Q' is not defined here"},
    {"y = scan x as s over T { yield s }", "12: error: f32[B, 4] has no axis of T to scan over"},
    {"y = scan t as s over T carry h = x { h = s\n yield h }",
     "40: error: 'h' starts as f32[B, 4] and becomes i32[B]"},
    {"output x, x", "13: error: there are two outputs 'x'"},
    {"y = D(3)(x)", "12: error: axis 1 of f32[B, 4] is 4, and 'a' wants 3"},
    {"y = D()(x)", "7: error: D needs 'n'"},
    {"y = D(4)(t)", "12: error: i32[B, T] does not fit a: f32 with 2 axes"},
    {"y = D(4)(x, x)", "7: error: D takes 1 tensors, not 2"},
};

TEST(Elaborate, SaysWhatIsWrongWhere) {
  for (const ErrorCase& c : kErrors) {
    std::string text = std::string("model M {\n  input x: f32[B, 4]\n  input t: i32[B, T]\n  ") + c.line +
                       "\n  output last = x\n}\nblock D(n)(a: f32[B, n]) -> f32[B, n] { return relu(a) }\n";
    std::string got = errors_of(text), want = c.expected;
    EXPECT_TRUE(got.starts_with("model.nn:4:" + want)) << c.line << "\n" << got << "wanted " << want;
  }
}

TEST(Elaborate, ATextInAScanIsOneMistakeAndTheRestIsReadAsIfItWereNone) {
  const std::pair<const char*, const char*> rows[] = {
      {"y = scan t as s over T { yield \"a\" }", "34: error: the text \"a\" is not a tensor"},
      {"y = scan t as s over T carry h = \"a\" { yield s }", "36: error: the text \"a\" is not a tensor"},
      {"y = scan t as s over T carry h = 0 { h = \"a\"\n yield s }",
       "40: error: the text \"a\" is not a tensor"},
  };
  for (const auto& [line, want] : rows) {
    std::string got =
        errors_of(std::string("model M {\n  input t: i32[B, T]\n  ") + line + "\n  output y\n}\n");
    EXPECT_TRUE(got.starts_with(std::string("model.nn:3:") + want)) << got;
    EXPECT_EQ(got.find("error:"), got.rfind("error:")) << got;
  }
}

const ErrorCase kTrainErrors[] = {
    {"loss y", "8: error: loss must be one real number, and this is f32[B, 2]"},
    {"loss mse(y, t)", "8: error: mse compares real values of one type, not f32[B, 2] and f32[B]"},
    {"loss mse(h, y)", "12: error: 'h' is not defined here"},
    {"optimizer adamm", "13: error: there is no optimizer 'adamm'"},
    {"optimizer adam(beta1 = 1)",
     "26: error: adam's 'beta1' is a number from 0 to below 1, not the number 1"},
    {"optimizer sgd(nesterov = 3)", "28: error: sgd's 'nesterov' is true or false, not the number 3"},
    {"optimizer sgd(momentum = 0.9, dampening = 0.5, nesterov = true)",
     "13: error: sgd's 'nesterov' needs a momentum above 0 and no dampening"},
    {"optimizer sgd(lr = \"x\")", "22: error: sgd's 'lr' is a number, not the text \"x\""},
    {"batch 0", "9: error: batch is a whole number from 1 to 2147483647, not the number 0"},
    {"epochs 1.5", "10: error: epochs is a whole number from 0 to 2147483647, not the number 1.5"},
    {"target y: f32[B]", "10: error: 'y' is taken, so no target can be called so"},
    {"data 3", "8: error: 'data' takes one source, such as csv(\"points.csv\")"},
    {"split 3", "9: error: 'split' takes shares(…) or folds(…), such as shares(test = 0.2)"},
    {"split share(test = 0.2)", "9: error: there is no split 'share'"},
    {"split shares(tests = 0.2)", "16: error: shares has no argument 'tests'"},
    {"split shares(test = 1)", "23: error: split's 'test' is a share from 0 to below 1, not the number 1"},
    {"split shares(seed = 1)",
     "9: error: shares needs a part, as in: split shares(validation = 0.1, test = 0.2)"},
    {"split shares(validation = 0.5, test = 0.5)", "9: error: the parts set apart leave nothing to train on"},
    {"split folds(fold = 1)", "9: error: folds needs their number, as in: split folds(5, fold = 0)"},
    {"split folds(1)", "15: error: split's 'folds' is a whole number from 2 to 2147483647, not the number 1"},
    {"split folds(5, fold = 5)", "9: error: fold is 5, and the 5 folds are 0 to 4"},
    {"lr 0.1", "3: error: train has no key 'lr'"},
    {"group params(\"*.wieght\", frozen = true)", "9: error: no trainable parameter is called '*.wieght'"},
    {"group params(\"*\", frozen = true)", "9: error: nothing is left to train: every parameter is frozen"},
    {"group params(\"*.bias\")", "9: error: this group changes nothing: give rate, weight_decay or frozen"},
    {"group params(\"*.bias\", rate = 2, frozen = true)",
     "9: error: what is frozen has no rate and no weight decay"},
    {"group params(\"*.bias\", rate = 0)", "9: error: params's 'rate' is a number above 0, not 0"},
    {"group params(\"*.bias\", weight_decay = -1)",
     "9: error: params's 'weight_decay' is a number of at least 0, not -1"},
    {"group params(\"*.bias\", decay = 0)", "26: error: params has no argument 'decay'"},
    {"group \"*.bias\"", "9: error: this is not a group, such as params(\"*.bias\", weight_decay = 0)"},
    {"group", "3: error: 'group' takes a group, such as params(\"*.bias\", weight_decay = 0)"},
    {"columns \"x\"",
     "11: error: this is not a preparation of columns, such as standardize(\"width\", \"height\")"},
    {"columns standardise(\"x\")", "11: error: 'standardise' is not a preparation of columns"},
    {"columns standardize", "11: error: standardize needs 'columns'"},
    {"columns standardize(\"x\", 3)", "23: error: standardize's 'columns' is texts in quotes, not"},
    {"columns impute(\"x\", by = \"mode\")",
     "11: error: impute's 'by' is one of \"mean\", \"median\", \"most_frequent\", not \"mode\""},
    {"columns min_max(\"x\", low = 2)",
     "11: error: min_max's 'low' is below its 'high', and 2 is not below 1"},
    {"columns one_hot(\"x\", size = 0)", "11: error: one_hot's 'size' is a number of at least 1, not 0"},
    {"clip 1", "8: error: this is not a clip, such as norm(1)"},
    {"clip nrom(1)", "8: error: 'nrom' is not a clip, such as norm(1)"},
    {"clip norm(0)", "8: error: norm's 'limit' is a number above 0, not 0"},
    {"clip norm", "8: error: norm needs 'limit'"},
    {"clip value(\"a\")", "14: error: value's 'limit' is a number, not the text \"a\""},
    {"accumulate 0", "14: error: accumulate is a whole number from 1 to 2147483647, not the number 0"},
    {"accumulate 2\n batch full",
     "14: error: batch full has one batch, so there are no several to accumulate"},
    {"average 1", "11: error: average is a decay between 0 and 1, not the number 1"},
    {"average", "3: error: 'average' takes a decay, such as 0.999"},
    {"loss l2(params(\"*.wieght\"))", "18: error: no trainable parameter is called '*.wieght'"},
    {"loss l2(params(3))", "11: error: params takes one pattern of paths"},
    {"loss cross_entropy(y, cast(t, i32), label_smoothing = 2)",
     "8: error: cross_entropy's label_smoothing is in [0, 1]"},
    {"loss cross_entropy(y, [1, 2])", "8: error: cross_entropy takes logits"},
};

TEST(Elaborate, ChecksTheTrainBlock) {
  for (const ErrorCase& c : kTrainErrors) {
    std::string text = std::string("train M {\n target t: f32[B]\n  ") + c.line +
                       "\n}\nmodel M {\n input x: f32[B, 4]\n h = relu(x)\n output y = linear(h, 2)\n}\n";
    std::string got = errors_of(text);
    EXPECT_NE(got.find(std::string("model.nn:3:") + c.expected), std::string::npos) << c.line << "\n" << got;
  }
  EXPECT_EQ(errors_of("train M { loss 1 }\nmodel M { output x = zeros[1] }\n"),
            "model.nn:1:7: error: train M has no 'optimizer'\n"
            "  1 | train M { loss 1 }\n    |       ^\n");
}

TEST(Elaborate, PenaltiesReadParametersByPath) {
  Module m = module_of(
      "model M {\n input x: f32[B, 4]\n h = linear(x, 3)\n output y = linear(batch_norm(h), 2)\n}\n"
      "train M {\n loss l2(params(\"h.*.weight\")) + 10 * l1(params(\"*.bias\"), params(\"y.*.weight\"))\n "
      "optimizer sgd\n}\n");
  double want = 0;
  NamedTensors params = patterned_params(m.train);
  for (const auto& [path, t] : params) {
    bool squared = path == "h.linear.weight", absolute = path.ends_with(".bias") || path.ends_with("weight");
    for (int64_t i = 0; i < t.count() && is_float(t.dtype()); ++i)
      want += squared ? t.get(i) * t.get(i) : absolute ? 10 * std::abs(t.get(i)) : 0;
  }
  EXPECT_NEAR(interpret(m.train, {{"x", Tensor(DType::F32, {1, 4})}}, params)[0].get(0), want, 1e-4);
}

TEST(PathPattern, StarsTakeAnything) {
  struct Case {
    const char *pattern, *path;
    bool fits;
  };
  const Case cases[] = {
      {"*", "", true},
      {"*.weight", "h.linear.weight", true},
      {"*.weight", "h.weights", false},
      {"h.*", "h.a.b", true},
      {"h.?", "h.ab", false},
      {"*a*b*", "xaybz", true},
      {"*ab", "aab", true},
      {"a*b*c", "abbcc", true},
      {"a*b*c", "acb", false},
      {"h.w", "h.w", true},
      {"", "h", false},
      {"**b", "ab", true},
  };
  for (const Case& c : cases)
    EXPECT_EQ(path_matches(c.pattern, c.path), c.fits) << c.pattern << " " << c.path;
}

TEST(Elaborate, RefusesUnknownSettings) {
  EXPECT_EQ(errors_of(kSamples[0], {"train.bath=3"}),
            "model.nn: error: nothing is called 'train.bath' here, so it cannot be set\n"
            "help: did you mean 'train.batch'?\n");
  EXPECT_EQ(errors_of(kSamples[0], {"x"}),
            "model.nn: error: the setting 'x' is not of the form name=value\n");
  EXPECT_EQ(errors_of(kSamples[0], {"train.lr=-1"}),
            "model.nn: error: adam's 'lr' is a number of at least 0, not the number -1\n");
  EXPECT_NE(errors_of("model M(V) { output x = zeros[V] }").find("'V' has no value"), std::string::npos);
}

// Models that would grow without end are stopped: without a limit none of these would ever be done.
TEST(Elaborate, StopsRunawayModels) {
  const char* bodies[] = {
      "repeat 10000 { repeat 10000 { repeat 10000 { x = relu(x) } } }",
      "repeat 100 { x = concat(x, x) }",
      "n = B + T\n repeat 100 { n = n * n }",
      "i = cast(x, i32)\n repeat 100 { i = gather(i, i) }",
      "y = A(2)(x)",
      "a, b = split(zeros[1000000000], 1000000000)",
  };
  for (const char* body : bodies) {
    std::string got = errors_of(std::string("model M {\n input x: f32[B, T]\n ") + body +
                                "\n output x\n}\nblock A(n)(x: f32[B, T]) { return C(n)(x) }\n"
                                "block C(n)(x: f32[B, T]) { return A(n)(x) }\n");
    EXPECT_NE(got.find("error:"), std::string::npos) << body;
  }
}

// Words swapped between places, and lines dropped or doubled: whatever it says, an answer comes.
TEST(Elaborate, SurvivesMutatedFiles) {
  std::mt19937 random(1);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  size_t sound = 0;
  for (int i = 0; i < 600; ++i) {
    std::string text = kSamples[below(3)];
    for (size_t edits = 1 + below(3); edits > 0; --edits) {
      size_t from = below(text.size()), length = 1 + below(8), to = below(text.size());
      if (below(2))
        text.replace(to, std::min(length, text.size() - to), text.substr(from, length));
      else
        text.insert(
            text.find_first_of("\n,()", to) == std::string::npos ? to : text.find_first_of("\n,()", to),
            text.substr(from, length));
    }
    sound += errors_of(text, {"model.V=9", "model.T=4"}) == "no errors\n";
  }
  EXPECT_LT(sound, 600u);
}

}  // namespace
}  // namespace nnc::test
