// The specification keeps up with the tables it describes, and its examples are valid.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "ir/clips.h"
#include "ir/column_rows.h"
#include "ir/graph_text.h"
#include "ir/initializers.h"
#include "ir/layers.h"
#include "ir/measures.h"
#include "ir/optimizers.h"
#include "ir/parser.h"
#include "ir/schedules.h"
#include "ir/stops.h"
#include "ir/verify.h"

namespace nnc {
namespace {

std::string document() {
  std::ifstream in(NNC_SOURCE_DIR "/docs/LANGUAGE.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(LanguageDocument, NamesEveryOptimizerAndInitialiser) {
  std::string text = document();
  auto expect = [&](std::string_view name) {
    bool found = text.find("`" + std::string(name) + "(") != std::string::npos ||
                 text.find("`" + std::string(name) + "`") != std::string::npos;
    EXPECT_TRUE(found) << name;
  };
  for (const OptimizerRow& row : all_optimizers()) expect(row.name);
  for (const InitRow& row : all_initializers()) expect(row.name);
}

TEST(LanguageDocument, GivesEveryFunctionWithItsSignature) {
  std::string text = document();
  for (const LayerRow& row : all_layers()) {
    std::string call = fmt::format("`{}({})`", row.name, plain_signature(row.signature));
    EXPECT_NE(text.find(call), std::string::npos) << call;
  }
}

TEST(LanguageDocument, GivesEveryPreparationWithItsSignature) {
  std::string text = document();
  for (const CallRow& row : all_column_rows()) {
    std::string call = fmt::format("| `{}({})` |", row.name, plain_signature(row.signature));
    EXPECT_NE(text.find(call), std::string::npos) << call;
  }
}

TEST(LanguageDocument, GivesEveryMetricWithItsSignature) {
  std::string text = document();
  for (const MeasureRow& row : all_measures()) {
    std::string call = fmt::format("| `{}({})` |", row.call.name, plain_signature(row.call.signature));
    EXPECT_NE(text.find(call), std::string::npos) << call;
    EXPECT_FALSE(row.call.doc.empty()) << row.call.name;
  }
}

// 1e-3 rather than 0.001, as people write it.
std::string number(double x) {
  std::string text = x != 0 && x < 0.01 ? fmt::format("{:e}", x) : fmt::format("{}", x);
  size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::string digits = text.substr(0, e);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return digits + "e" + std::to_string(std::stoi(text.substr(e + 1)));
}

TEST(LanguageDocument, GivesEveryOptimizerWithItsArguments) {
  std::string text = document();
  for (const OptimizerRow& row : all_optimizers()) {
    std::string signature = fmt::format("| `{}(", row.name);
    for (const OptimizerArg& arg : row.args) {
      std::string value = arg.flag ? (arg.fallback != 0 ? "true" : "false") : number(arg.fallback);
      signature += fmt::format("{}{} = {}", &arg == row.args.data() ? "" : ", ", arg.name, value);
    }
    EXPECT_NE(text.find(signature + ")`"), std::string::npos) << signature;
  }
}

TEST(LanguageDocument, GivesEveryCallOfTheTrainBlock) {
  std::string text = document();
  std::vector<CallRow> rows;
  for (const ClipRow& row : all_clips()) rows.push_back(row.call);
  for (const ScheduleRow& row : all_schedules()) rows.push_back(row.call);
  for (const StopRow& row : all_stops()) rows.push_back(row.call);
  for (const CallRow& row : rows) {
    std::string call = fmt::format("| `{}({})` |", row.name, plain_signature(row.signature));
    EXPECT_NE(text.find(call), std::string::npos) << call;
  }
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
