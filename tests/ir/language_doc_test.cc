// The specification keeps up with the tables it describes, and its examples are valid.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ir/graph_text.h"
#include "ir/initializers.h"
#include "ir/layers.h"
#include "ir/optimizers.h"
#include "ir/parser.h"
#include "ir/verify.h"

namespace nnc {
namespace {

std::string document() {
  std::ifstream in(NNC_SOURCE_DIR "/docs/LANGUAGE.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(LanguageDocument, NamesEveryFunctionOptimizerAndInitialiser) {
  std::string text = document();
  auto expect = [&](std::string_view name) {
    bool found = text.find("`" + std::string(name) + "(") != std::string::npos ||
                 text.find("`" + std::string(name) + "`") != std::string::npos;
    EXPECT_TRUE(found) << name;
  };
  for (const LayerRow& row : all_layers()) expect(row.name);
  for (const OptimizerRow& row : all_optimizers()) expect(row.name);
  for (const InitRow& row : all_initializers()) expect(row.name);
}

TEST(LanguageDocument, ExamplesParse) {
  std::string text = document();
  int examples = 0;
  for (size_t at = text.find("```nn\n"); at != std::string::npos; at = text.find("```nn\n", at)) {
    size_t begin = at + 6, end = text.find("```", begin);
    std::string example = text.substr(begin, end - begin);
    Diagnostics d("LANGUAGE.md", example);
    ast::File file = parse(d);
    for (const ast::Item& item : file.items) {
      if (const auto* graph = std::get_if<ast::Graph>(&item)) {
        std::optional<Graph> made = to_graph(*graph, d);
        ASSERT_TRUE(made) << d.render();
        EXPECT_EQ(print(*made), example);
        EXPECT_TRUE(verify(*made, Stage::Primitives).empty());
      }
    }
    EXPECT_EQ(d.render(), "");
    at = end;
    ++examples;
  }
  EXPECT_EQ(examples, 2);
}

}  // namespace
}  // namespace nnc
