// Fused graphs are valid at their stage, and their text parses back.
#include <gtest/gtest.h>

#include "ir/graph_text.h"
#include "ir/module.h"
#include "ir/parser.h"
#include "ir/verify.h"
#include "passes/fuse.h"
#include "tests/ir/samples.h"

namespace nnc {
namespace {

TEST(FusedText, ValidAndRoundTrips) {
  std::string nets = kSamples[1];
  size_t lstm = nets.find("model CharLstm");
  const std::pair<std::string, Overrides> kModels[] = {
      {kSamples[0], {}}, {nets.substr(0, lstm), {}}, {nets.substr(lstm), {"model.V=65"}}};
  for (const auto& [source, overrides] : kModels) {
    Diagnostics d("m.nn", source);
    std::optional<Module> module = elaborate(parse(d), d, overrides);
    ASSERT_TRUE(module) << d.render();
    for (FusionMode mode : {FusionMode::Fused, FusionMode::Unfused}) {
      Graph fused = fuse(module->predict, mode);
      for (const Diagnostic& problem : verify(fused, Stage::Fused)) ADD_FAILURE() << problem.message;
      std::string text = print(fused);
      Graph back = parse_graph(text);
      EXPECT_TRUE(fused.same_structure(back)) << text;
      EXPECT_EQ(print(back), text);
    }
  }
}

}  // namespace
}  // namespace nnc
