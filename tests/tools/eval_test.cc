// nnc eval: metrics and the confusion matrix of the weights that a run wrote.
#include <regex>

#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, WeightsAreEvaluatedAndPredictedWithAfterwards) {
  std::string model = file("small.nn", kSmall);
  ASSERT_EQ(run("train " + model + " -o " + path("w.safetensors")).status, 0);
  Outcome seven = run("eval " + model + " --batch 7 --json --weights " + path("w.safetensors"));
  Outcome all = run("eval " + model + " --batch 1000 --json --weights " + path("w.safetensors"));
  EXPECT_EQ(seven.status, 0) << seven.text;
  auto accuracy = [](const std::string& text) { return text.substr(text.find("\"accuracy\":"), 20); };
  EXPECT_EQ(accuracy(seven.text), accuracy(all.text));
  EXPECT_EQ(run("eval " + model + " --weights " + path("absent.safetensors")).status, 1);
  file("bad.safetensors", "garbage");
  EXPECT_EQ(run("eval " + model + " --weights " + path("bad.safetensors")).status, 1);
}

TEST_F(Tool, EvalShowsMetricsAndTheConfusionMatrixWithTheNamesOfClasses) {
  file("pets.csv", "a,b,c,pet\n1,0,0,cat\n3,2,0,cat\n0,1,0,dog\n0,0,1,dog\n0,0,1,fish\n");
  std::string model = file("pets.nn", R"(model Pets {
  input x: f32[B, 3]
  param s: f32[] = 1
  output y = x * s
}
train Pets {
  data      csv("pets.csv")
  target    pet: i32[B]
  loss      cross_entropy(y, pet)
  metric    accuracy(y, pet)
  metric    f1(y, pet)
  optimizer sgd(lr = 0)
  batch     2
}
)");
  ASSERT_EQ(run("train " + model + " -o " + path("w.safetensors")).status, 0);
  Outcome text = run("eval " + model + " --weights " + path("w.safetensors"));
  EXPECT_EQ(text.text.substr(text.text.find("  accuracy")),
            "  accuracy         0.8\n"
            "  f1               0.777778\n"
            "\n"
            "confusion matrix: rows are targets, columns predictions\n"
            "       cat   dog  fish   recall\n"
            "cat      2     0     0  100.0 %\n"
            "dog      0     1     1   50.0 %\n"
            "fish     0     0     1  100.0 %\n");
  Outcome json = run("eval " + model + " --json --weights " + path("w.safetensors"));
  EXPECT_NE(
      json.text.find("\"confusion_matrix\":[[2,0,0],[0,1,1],[0,0,1]],\"classes\":[\"cat\",\"dog\",\"fish\"]"),
      std::string::npos)
      << json.text;
}

// Of accuracy's matrix and the one that is asked for, with another threshold, eval shows the latter.
TEST_F(Tool, EvalShowsTheConfusionMatrixThatWasAskedFor) {
  std::string data = "x,t\n";
  for (int i = 0; i < 50; ++i) data += i % 5 == 0 ? "3,1\n" : i % 5 < 3 ? "1,0\n" : "-1,0\n";
  std::string model = file("m.nn",
                           "model M {\n input x: f32[B]\n param s: f32[] = 1\n output y = x * s\n}\n"
                           "train M {\n data csv(\"" +
                               file("d.csv", data) +
                               "\")\n split shares(validation = 0.2)\n target t: i32[B]\n loss mean(y)\n"
                               " metric accuracy(y, t)\n metric confusion_matrix(y, t, threshold = 2)\n"
                               " optimizer sgd(lr = 0)\n}\n");
  std::string weights = path("w.safetensors");
  Outcome trained = run("train " + model + " -o " + weights);
  ASSERT_EQ(trained.status, 0) << trained.text;
  Outcome json = run("eval " + model + " --json --weights " + weights);
  std::regex diagonal("\"confusion_matrix\":\\[\\[[1-9],0\\],\\[0,[1-9]\\]\\]");
  EXPECT_TRUE(std::regex_search(json.text, diagonal)) << json.text;
  EXPECT_NE(json.text.find("\"part\":\"validation\""), std::string::npos) << json.text;
  Outcome text = run("eval " + model + " --weights " + weights);
  EXPECT_EQ(count(text.text, "confusion matrix"), 1u) << text.text;
  EXPECT_EQ(count(text.text, "100.0 %"), 2u) << text.text;
}

}  // namespace
}  // namespace nnc
