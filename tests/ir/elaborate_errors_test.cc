// What a wrong model or train block is told, and where; models without end and files of nonsense get their answer too.
#include <gtest/gtest.h>

#include <random>

#include "tests/ir/model_text.h"
#include "tests/ir/samples.h"

namespace nnc::test {
namespace {

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
