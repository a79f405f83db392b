// The tool as its users meet it: a process with arguments, output and an exit status; its cache and its passes.
#include <cstdlib>

#include "tests/support/no_cache.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

TEST_F(Tool, ExitStatusesSayWhoseMistakeItWas) {
  EXPECT_EQ(run("check " + example("linear_regression.nn")).status, 0);
  EXPECT_EQ(run("check " + path("absent.nn")).status, 1);
  EXPECT_EQ(run("train " + example("digits.nn") + " --no-such-option").status, 2);
  EXPECT_EQ(run("no-such-command").status, 2);
  EXPECT_EQ(run("").status, 2);
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_EQ(run("train " + example("digits.nn") + " --batch 0").status, 2);
  EXPECT_EQ(run("train " + example("digits.nn") + " --set train.batch=0").status, 1);
  EXPECT_EQ(run("train " + example("digits.nn") + " --target pdp11").status, 1);
}

TEST_F(Tool, ASecondProcessCompilesNothing) {
  std::string model = file("small.nn", kSmall);
  setenv("NNC_CACHE", "on", 1);
  setenv("NNC_CACHE_DIR", path("cache").c_str(), 1);
  auto cached = [&](const std::string& options) {
    Outcome o = run("train " + model + " --epochs 1 --json " + options);
    EXPECT_EQ(o.status, 0) << o.text;
    auto number = [&](const std::string& name) {
      size_t at = o.text.find(name);
      return at == std::string::npos ? -1 : std::atoi(o.text.c_str() + at + name.size());
    };
    return std::pair(number("\"kernels_compiled\":"), number("\"kernels_cached\":"));
  };
  auto [kernels, none] = cached("");
  EXPECT_GT(kernels, 3);
  EXPECT_EQ(none, 0);
  EXPECT_EQ(cached(""), std::pair(kernels, kernels));
  EXPECT_EQ(cached("--no-cache"), std::pair(kernels, 0));
  EXPECT_EQ(count(run("cache ls").text, "\n"), kernels + 1u);
  EXPECT_EQ(count(run("cache ls --json").text, "\"kernel\":\"h.linear.dot\""), 2u);
  EXPECT_EQ(count(run("cache stat --json").text, "\"entries\":" + std::to_string(kernels) + ","), 1u);
  EXPECT_EQ(count(run("cache clear").text, std::to_string(kernels) + " entries removed"), 1u);
  EXPECT_EQ(cached(""), std::pair(kernels, 0));
  fs::permissions(path("cache"), fs::perms::all);
  EXPECT_EQ(cached(""), std::pair(kernels, 0));
  EXPECT_EQ(run("cache stat").status, 1);
  setenv("NNC_CACHE", "sometimes", 1);
  EXPECT_EQ(run("train " + model).status, 1);
  setenv("NNC_CACHE", "off", 1);
  EXPECT_EQ(run("cache").status, 2);
}

TEST_F(Tool, OptRunsNamedPassesAndRefusesUnknownOnes) {
  std::string graph = file("g.nn",
                           "graph g(x: f32[B, 4]) {\n  neg = neg(x) : f32[B, 4]\n  neg.1 = neg(neg) : f32[B, "
                           "4]\n  output y = neg.1\n}\n");
  Outcome o = run("opt " + graph + " --passes=simplify");
  EXPECT_EQ(o.status, 0) << o.text;
  EXPECT_EQ(count(o.text, "neg("), 0u) << o.text;
  Outcome bad = run("opt " + graph + " --passes=simplfy");
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.text.find("simplify"), std::string::npos) << bad.text;
}

}  // namespace
}  // namespace nnc
