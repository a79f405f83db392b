// --remarks on the command line: on standard error, as text and as JSON, and an error where there is nothing to say.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sstream>

#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

const char* const kRemark =
    "m.nn:4:14: remark: 'y.linear.dot' stays apart from its operand 'h.linear.dot': a dot reads each element "
    "of its operands "
    "many times\n";

class RemarksOf : public Tool {
 protected:
  std::string model() {
    return file("m.nn",
                "model M {\n  input x: f32[B, 2]\n  h = tanh(linear(x, 4))\n  output y = linear(h, 2)\n}\n"
                "train M {\n  data spirals(n = 40)\n  target arm: i32[B]\n  loss cross_entropy(y, arm)\n"
                "  optimizer sgd(lr = 0.1)\n  batch 20\n  epochs 1\n}\n");
  }
};

TEST_F(RemarksOf, EveryCommandThatFusesPrintsThem) {
  const std::string commands[] = {"show M --emit fused", "opt M", "bench M --modes fused --seconds 0",
                                  "bench M --kernels --seconds 0", "train M"};
  for (std::string command : commands) {
    SCOPED_TRACE(command);
    command.replace(command.find(" M") + 1, 1, model());
    Outcome without = run(command), with = run(command + " --remarks=fuse");
    EXPECT_EQ(with.status, 0) << with.text;
    EXPECT_EQ(without.text.find("remark:"), std::string::npos);
    EXPECT_EQ(count(with.text, kRemark), 1u) << with.text;
  }
}

TEST_F(RemarksOf, AreObjectsInJson) {
  Outcome o = run("show " + model() + " --emit ast --remarks all --message-format json");
  std::istringstream lines(o.text);
  int remarks = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("{")) continue;
    nlohmann::json remark = nlohmann::json::parse(line);
    EXPECT_EQ(remark.at("severity"), "remark");
    EXPECT_EQ(remark.at("code"), "fuse");
    EXPECT_GT(remark.at("line"), 0) << line;
    ++remarks;
  }
  EXPECT_GT(remarks, 3);
}

TEST_F(RemarksOf, WithoutFusionThereIsNothingToSay) {
  for (std::string command : {"show M --mode unfused", "opt M --unfused", "opt M --disable fuse",
                              "bench M --modes unfused", "train M --mode interpreted"}) {
    SCOPED_TRACE(command);
    command.replace(command.find(" M") + 1, 1, model());
    Outcome o = run(command + " --remarks fuse");
    EXPECT_EQ(o.status, 1);
    EXPECT_TRUE(o.text.starts_with("error: there is nothing to remark on")) << o.text;
  }
}

}  // namespace
}  // namespace nnc
