// Every example elaborates, and each of its graphs is valid and survives its own text.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ir/ast_printer.h"
#include "ir/graph_text.h"
#include "ir/module.h"
#include "ir/parser.h"
#include "ir/verify.h"
#include "tests/ir/samples.h"

namespace nnc {
namespace {

void expect_sound(const Graph& g) {
  for (const Diagnostic& d : verify(g, Stage::Primitives)) ADD_FAILURE() << g.name() << ": " << d.message;
  std::string text = print(g);
  Graph back = parse_graph(text);
  EXPECT_TRUE(g.same_structure(back)) << text;
  EXPECT_EQ(print(back), text);
}

void expect_sound(const std::string& name, const std::string& source, const Overrides& overrides) {
  Diagnostics d(name, source);
  std::optional<Module> module = elaborate(parse(d), d, overrides);
  ASSERT_TRUE(module) << d.render();
  for (const Graph* g : {&module->train, &module->eval, &module->predict, &module->init}) expect_sound(*g);
}

TEST(Examples, GraphsAreValidAndRoundTrip) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(NNC_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".nn") continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    expect_sound(entry.path().filename(), text.str(), {});
    ++files;
  }
  EXPECT_GE(files, 3);
}

// The nets the language has to carry: convolutional, recurrent, Transformer.
TEST(Examples, MeasuresOfTheLanguageAreValidAndRoundTrip) {
  std::string nets = kSamples[1];
  size_t lstm = nets.find("model CharLstm");
  expect_sound("cnn.nn", nets.substr(0, lstm), {});
  expect_sound("lstm.nn", nets.substr(lstm), {"model.V=65"});
  expect_sound("gpt.nn", kSamples[2], {"model.V=65", "model.T=32", "model.D=24", "model.L=2"});
}

}  // namespace
}  // namespace nnc
