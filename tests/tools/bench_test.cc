// nnc bench: where the time of a step goes, and what compiling takes.
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, BenchSaysWhereTheTimeOfAStepGoes) {
  std::string model = file("small.nn", kSmall);
  Outcome table = run("bench " + model + " --kernels --seconds 0.01 --threads 1");
  ASSERT_EQ(table.status, 0) << table.text;
  // Every kernel by what is in it, in the model's names: an update is part of the product that makes its gradient.
  EXPECT_NE(table.text.find("contraction h.cast: cast, h: div, h.linear: dot add, h.relu: le select"),
            std::string::npos)
      << table.text;
  EXPECT_NE(table.text.find("logits.linear.grad: dot, update.logits.linear.weight:"), std::string::npos)
      << table.text;
  Outcome json = run("bench " + model + " --kernels --seconds 0.01 --json --modes fused,unfused");
  ASSERT_EQ(json.status, 0) << json.text;
  EXPECT_GT(count(json.text, "\"mode\":\"unfused\""), count(json.text, "\"mode\":\"fused\"")) << json.text;
  EXPECT_EQ(count(json.text, "\"roofline_share\""), count(json.text, "\n")) << json.text;
  EXPECT_EQ(run("bench " + model + " --kernels --modes interpreted").status, 1);
}

TEST_F(Tool, BenchTimesCompilingWithAnEmptyCacheAndAFullOne) {
  Outcome o = run("bench " + file("small.nn", kSmall) + " --seconds 0 --json --threads 1");
  ASSERT_EQ(o.status, 0) << o.text;
  std::istringstream lines(o.text);
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json mode = nlohmann::json::parse(line);
    bool compiles = mode.at("mode") != "interpreted";
    double cold = mode.at("compile_ms"), warm = mode.at("warm_compile_ms");
    EXPECT_EQ(cold > 0, compiles) << line;
    EXPECT_EQ(warm > 0, compiles) << line;
  }
}

}  // namespace
}  // namespace nnc
