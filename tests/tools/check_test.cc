// What is found before a run starts: nnc check's mistakes, files that are missing or named twice, data that do not fit.
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, CheckReportsFourMistakesInOneRun) {
  std::string model = file("four.nn", R"(model Net(hidden = 8) {
  input x: f32[B, 4]
  input z: f32[B, 5]
  h = liner(x, hidden)
  y = x + z
  output out = linear(x, 3)
}
train Net {
  data   csv("absent.csv")
  target t: i32[B]
  los    cross_entropy(out, t)
  optimizer sgd(lr = 0.1)
}
)");
  Outcome o = run("check " + model);
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_EQ(count(o.text, "error:"), 4u) << o.text;
  for (const char* line : {"four.nn:4:", "four.nn:5:", "four.nn:9:", "four.nn:11:"})
    EXPECT_EQ(count(o.text, line), 1u) << line << "\n" << o.text;
  EXPECT_GE(count(o.text, "^"), 4u) << o.text;
  EXPECT_NE(o.text.find("linear"), std::string::npos);
  Outcome json = run("check " + model + " --message-format=json");
  EXPECT_EQ(count(json.text, "\"severity\""), 4u) << json.text;
}

TEST_F(Tool, CheckSaysWhereNothingFlowsBack) {
  const std::string text = R"(model Net {
  input x: f32[B, 8]
  v, i = top_k(linear(x, 4), 2)
  output y = v
}
train Net {
  target    t: f32[B, 2]
  loss      mse(y, t)
  optimizer sgd(lr = 0.1)
}
)";
  Outcome o = run("check " + file("top.nn", text));
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_NE(o.text.find("the loss depends on trainable parameters only by ways that pass no gradient"),
            std::string::npos)
      << o.text;
  EXPECT_NE(o.text.find("nothing flows back through 'stop_gradient' (line 3, column 10"), std::string::npos)
      << o.text;
}

TEST_F(Tool, CheckSaysWhatThereIsInPlaceOfAModel) {
  Outcome graphs =
      run("check " + file("g.nn", "graph g(x: f32[4]) {\n  y = exp(x) : f32[4]\n  output z = y\n}\n"));
  EXPECT_EQ(graphs.status, 1);
  EXPECT_NE(graphs.text.find("g.nn:1:7: error: the file has graphs and no model"), std::string::npos)
      << graphs.text;
  EXPECT_NE(graphs.text.find("nnc opt"), std::string::npos) << graphs.text;
  EXPECT_NE(run("check " + file("e.nn", "")).text.find("nnc new DATA writes one"), std::string::npos);
}

TEST_F(Tool, AFileThatIsMissingIsSaidWithTheNameThatIsMeant) {
  file("points.csv", "x,y\n1,2\n");
  std::string model = file("points.nn", R"(model Line {
  input x: f32[B, 1]
  output y = linear(x, 1)
}
train Line {
  data      csv("point.csv")
  target    t: f32[B, 1]
  loss      mse(y, t)
  optimizer sgd(lr = 0.1)
}
)");
  std::string meant = "did you mean '" + path("points.csv") + "'?";
  EXPECT_NE(run("check " + model).text.find(meant), std::string::npos) << run("check " + model).text;
  EXPECT_NE(run("train " + model + " --data " + path("ponts.csv")).text.find(meant), std::string::npos);
  EXPECT_NE(run("check " + path("point.nn")).text.find("did you mean '" + model + "'?"), std::string::npos);
}

TEST_F(Tool, TwoOptionsThatNameOneFileAreRefused) {
  std::string both = path("log"), model = file("small.nn", kSmall);
  Outcome o = run("train " + model + " --csv " + both + " --report " + path("./log"));
  EXPECT_EQ(o.status, 1);
  EXPECT_NE(o.text.find("--csv and --report both name " + path("./log")), std::string::npos) << o.text;
  Outcome relative = run("train " + model + " --csv no-such-log --report ./no-such-log");
  EXPECT_NE(relative.text.find("--csv and --report both name ./no-such-log"), std::string::npos)
      << relative.text;
}

TEST_F(Tool, TrainingDataAreCheckedBeforeTraining) {
  std::string model = file("c.nn", R"(model Net {
  input x: f32[B, 1]
  output out = linear(x, 3)
}
train Net {
  data   csv("points.csv")
  target t: i32[B]
  loss   cross_entropy(out, t)
  optimizer sgd(lr = 0.1)
}
)");
  file("points.csv", "x,t\n1,0\n2,3\n");
  Outcome o = run("train " + model);
  EXPECT_EQ(o.status, 1);
  EXPECT_NE(o.text.find("class 3"), std::string::npos) << o.text;
  file("points.csv", "x,u\n1,0\n");
  EXPECT_EQ(run("train " + model).status, 1);
  EXPECT_EQ(run("train " + model + " -o /no/such/folder/w.safetensors").status, 1);
}

}  // namespace
}  // namespace nnc
