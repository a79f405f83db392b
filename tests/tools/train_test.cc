// Runs of nnc train as a whole: numbers that are known, equal bytes, where a bad loss comes from, when it stops.
#include <cmath>
#include <regex>

#include "runtime/safetensors.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, LinearRegressionGivesThePublishedNumber) {
  for (const char* mode : {"fused", "unfused", "interpreted"}) {
    SCOPED_TRACE(mode);
    Outcome o =
        run("train " + example("linear_regression.nn") + " --mode=" + mode + " -o " + path("w.safetensors"));
    ASSERT_EQ(o.status, 0) << o.text;
    Safetensors weights = load_safetensors(path("w.safetensors"));
    EXPECT_NEAR(weights.find("theta")->get(0), 3.6133423767148276, 1e-12);
  }
}

TEST_F(Tool, LinearRegressionInSinglePrecisionAgreesToFiveDigits) {
  std::string text = read(example("linear_regression.nn"));
  for (size_t at = text.find("f64"); at != std::string::npos; at = text.find("f64", at))
    text.replace(at, 3, "f32");
  Outcome o = run("train " + file("f32.nn", text) + " --data " + example("linear_regression.csv") + " -o " +
                  path("w.safetensors"));
  ASSERT_EQ(o.status, 0) << o.text;
  const Tensor theta = *load_safetensors(path("w.safetensors")).find("theta");
  EXPECT_EQ(theta.dtype(), DType::F32);
  EXPECT_NEAR(theta.get(0), 3.6133423767148276, 1e-5);
}

TEST_F(Tool, EqualSeedsWriteEqualBytesOnAnyNumberOfThreads) {
  std::string model = file("small.nn", kSmall);
  std::string first;
  for (int threads : {1, 1, 2, 3}) {
    Outcome o =
        run("train " + model + " --threads " + std::to_string(threads) + " -o " + path("w.safetensors"));
    ASSERT_EQ(o.status, 0) << o.text;
    std::string bytes = read(path("w.safetensors"));
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
  Outcome other = run("train " + model + " --seed 1 -o " + path("v.safetensors"));
  ASSERT_EQ(other.status, 0) << other.text;
  EXPECT_FALSE(read(path("v.safetensors")) == first);
}

TEST_F(Tool, ABadLossStopsTheRunAndKeepsWhatIsFinite) {
  std::string command = "train " + example("linear_regression.nn") + " --set train.lr=1e6 --epochs 1000";
  std::string output = path("kept.safetensors");
  Outcome o = run(command + " -o " + output);
  EXPECT_EQ(o.status, 1) << o.text;
  std::regex said(
      "the loss is (nan|inf) in epoch \\d+, step 1; the weights of the last finite step are written to " +
      output);
  EXPECT_TRUE(std::regex_search(o.text, said)) << o.text;
  for (const NamedTensor& t : load_safetensors(output).tensors) {
    for (int64_t i = 0; i < t.tensor.count(); ++i) EXPECT_TRUE(std::isfinite(t.tensor.get(i))) << t.name;
  }
  EXPECT_NE(run(command).text.find("; weights are written to no file without -o"), std::string::npos);
}

TEST_F(Tool, ANaNIsTracedToItsLineOpAndElement) {
  std::string text = kSmall;
  text.replace(text.find("  output logits = linear(h, 10)"), 31,
               "  h = tanh(linear(h, 8))\n  h = log(linear(h, 10))\n  output logits = h");
  std::string model = file("log.nn", text);
  Outcome o = run("train " + model + " --check=nan");
  EXPECT_EQ(o.status, 1) << o.text;
  std::regex said(
      "log.nn:5:7: log in h.log \\(line 5, column 7\\), forward, gives nan at \\[\\d+, \\d\\] of "
      "\\[64, 10\\], "
      "from -0[.]\\d+\n *5 [|]   h = log\\(linear\\(h, 10\\)\\)\n");
  EXPECT_TRUE(std::regex_search(o.text, said)) << o.text;
  EXPECT_NE(o.text.find("the loss is nan in epoch 1, step 1;"), std::string::npos) << o.text;
  EXPECT_EQ(run("train " + file("small.nn", kSmall) + " --epochs 1 --check=nan").status, 0);
  EXPECT_EQ(run("train " + model + " --check=inf").status, 2);
}

// The weights are the best epoch's, the reason is said once, and going on stops at the same place.
TEST_F(Tool, AStoppedRunSaysWhyAndGivesItsBestWeights) {
  std::string text = kSmall;
  text.replace(text.find("epochs    2"), 11, "stop patience(2, metric = \"test_accuracy\"), steps(200)");
  std::string model = file("small.nn", text), output = path("w.safetensors");
  std::string command = "train " + model + " --set train.lr=3e-2 -o " + output;
  Outcome o = run(command + " --checkpoint " + path("run"));
  ASSERT_EQ(o.status, 0) << o.text;
  std::smatch found;
  std::regex said(
      "stopped in epoch (\\d+): test_accuracy has not got better than (0[.]\\d+) of epoch (\\d+) for 2 "
      "epochs\n"
      "the weights of epoch (\\d+), the best, are restored\n");
  ASSERT_TRUE(std::regex_search(o.text, found, said)) << o.text;
  EXPECT_EQ(std::stoi(found[1]), std::stoi(found[3]) + 2);
  EXPECT_EQ(found[3], found[4]);
  Outcome measured = run("eval " + model + " --json --weights " + output);
  EXPECT_NE(measured.text.find("\"accuracy\":" + found[2].str().substr(0, 6)), std::string::npos)
      << measured.text;
  std::string best = read(output);
  Outcome again = run(command + " --resume " + path("run"));
  EXPECT_NE(again.text.find(found[0]), std::string::npos) << again.text;
  EXPECT_TRUE(read(output) == best);
  Outcome json = run(command + " --json");
  EXPECT_EQ(count(json.text, "\"stopped\":\"test_accuracy has not"), 1u) << json.text;
  EXPECT_EQ(count(json.text, "\"lr\":0.03"), count(json.text, "\n")) << json.text;
}

}  // namespace
}  // namespace nnc
