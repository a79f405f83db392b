// Mistakes that show only once the file was read are shown at the line that has to change.
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

class PlacedErrors : public Tool {
 protected:
  PlacedErrors() { file("d.csv", "a,b,c,t\n1,2,3,0\n3,4,5,1\n"); }

  std::string model(const std::string& input, const std::string& loss) {
    return file("m.nn",
                "model M {\n  input " + input +
                    "\n  output y = linear(x, 2)\n}\ntrain M {\n  data      csv(\"d.csv\")\n"
                    "  target    t: i32[B]\n  metric    accuracy(y, t)\n  group     params(\"*.bias\", "
                    "frozen = true)\n  loss      " +
                    loss + "\n  optimizer sgd(lr = 0.1)\n}\n");
  }
  // What a command says, without the folder's name, which is another each time.
  std::string said(const std::string& arguments) {
    Outcome o = run(arguments);
    EXPECT_EQ(o.status, 1) << o.text;
    for (size_t at; (at = o.text.find(folder_.string() + "/")) != std::string::npos;)
      o.text.erase(at, folder_.string().size() + 1);
    return o.text;
  }
};

TEST_F(PlacedErrors, LossesWithoutGradientAreShownAtTheLoss) {
  const std::pair<std::string, std::string> cases[] = {
      {"mean(x)",
       "m.nn:10:13: error: nothing to train: the loss depends on no trainable parameter\n"
       "  10 |   loss      mean(x)\n"
       "     |             ^~~~~~~\n"
       "note: make it of an output of the model, as in `loss cross_entropy(logits, digit)`\n"
       "more: nnc explain-error no-gradient\n"},
      {"l2(params(\"*.bias\"))",
       "m.nn:10:13: error: nothing to train: every parameter that the loss depends on is frozen: "
       "y.linear.bias\n"
       "  10 |   loss      l2(params(\"*.bias\"))\n"
       "     |             ^~~~~~~~~~~~~~~~~~~~\n"
       "note: leave one of them out of the groups with `frozen = true`\n"
       "more: nnc explain-error no-gradient\n"},
      {"mean(cast(argmax(y, 1), f32))",
       "m.nn:10:13: error: nothing to train: the loss depends on trainable parameters only by ways that pass "
       "no "
       "gradient\n"
       "  10 |   loss      mean(cast(argmax(y, 1), f32))\n"
       "     |             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
       "note: nothing flows back through 'argmax' (line 10, column 23, in loss.argmax)\n"
       "note: make it of numbers that change with the parameters, as scores do and the index of the best "
       "does "
       "not: `loss cross_entropy(logits, digit)`\n"
       "more: nnc explain-error no-gradient\n"},
      {"sum(argmax(y, 1))",
       "m.nn:10:13: error: loss must be one real number, and this is i32[]\n"
       "  10 |   loss      sum(argmax(y, 1))\n"
       "     |             ^~~~~~~~~~~~~~~~~\n"
       "note: an integer, such as an index or a count, passes no gradient: make it of floats\n"
       "more: nnc explain-error type\n"}};
  for (const auto& [loss, says] : cases) {
    std::string path = model("x: f32[B, 3]", loss);
    for (std::string command : {"check ", "train ", "bench ", "opt ", "show --emit step "})
      EXPECT_EQ(said(command + path), says) << command;
  }
}

TEST_F(PlacedErrors, DataOfAnotherShapeAreShownAtTheDeclaration) {
  std::string columns =
      "m.nn:2:3: error: input 'x' is f32[B, 4] and the data of d.csv leave it 3 columns: a, b, c\n"
      "  2 |   input x: f32[B, 4]\n"
      "    |   ^~~~~\n"
      "note: declare `x: f32[B, 3]`, or give data of the declared shape\n"
      "more: nnc explain-error shape\n";
  std::string path = model("x: f32[B, 4]", "cross_entropy(y, t)");
  for (std::string command : {"train ", "bench "}) EXPECT_EQ(said(command + path), columns) << command;

  std::string array = file(
      "a.nn",
      "model M {\n  input a: f32[B, 2]\n  output y = linear(a, 2)\n}\ntrain M {\n  data      csv(\"d.csv\")\n"
      "  target    t: i32[B, 3]\n  loss      mean(y) + 0 * sum(cast(t, f32))\n  optimizer sgd(lr = "
      "0.1)\n}\n");
  EXPECT_EQ(said("train " + array),
            "a.nn:2:3: error: input 'a' is f32[B, 2] and the data of d.csv are f32[2]\n"
            "  2 |   input a: f32[B, 2]\n"
            "    |   ^~~~~\n"
            "note: declare `a: f32[B]`, or give data of the declared shape\n"
            "note: target 't' is i32[B, 3] and the data of d.csv are i32[2]\n"
            "note: declare `t: i32[B]`, or give data of the declared shape\n"
            "more: nnc explain-error shape\n");
}

}  // namespace
}  // namespace nnc
