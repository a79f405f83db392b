// Every row of the table of codes: its wrong example gives its code and no other, put right it gives no error.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/diagnostic_codes.h"
#include "tests/runtime/bad_files.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

// A train block of a small model; entries of the example stand instead of those of the same key.
std::string train_file(const std::string& example) {
  std::string out =
      "model M(hidden = 8) {\n  input x: f32[B, 4]\n  output y = linear(x, hidden)\n}\ntrain M {\n";
  for (std::string entry : {"target t: i32[B]", "loss cross_entropy(y, t)", "optimizer sgd(lr = 0.1)"}) {
    std::string key = entry.substr(0, entry.find(' ') + 1);
    if (!example.starts_with(key)) out += entry + "\n";
  }
  return out + example + "\n}\n";
}

std::string file_of(const CodeRow& row, std::string_view example) {
  std::string text(example);
  switch (row.place) {
    case ExamplePlace::Body:
      return fmt::format("model M {{\n  input x: f32[B, 4]\n{}\n  output y = x\n}}\n", text);
    case ExamplePlace::Train:
      return train_file(text);
    case ExamplePlace::Setting:
      return train_file("batch 16");
    case ExamplePlace::File:
    case ExamplePlace::Graph:
      return text + "\n";
  }
  return "";
}

// The code of every diagnostic the tool gives for the example.
std::vector<std::string> codes_of(const CodeRow& row, std::string_view example, TestFolder& folder) {
  folder.write("points.csv", "a,b,c,d,t\n1,2,3,4,0\n");
  std::string file = folder.write("example.nn", file_of(row, example));
  std::string command = row.place == ExamplePlace::Graph ? "opt " : "check ";
  if (row.place == ExamplePlace::Setting) file += " " + std::string(example);
  Outcome o = run(command + file + " --message-format json");
  std::vector<std::string> out;
  std::istringstream lines(o.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("{")) out.push_back(nlohmann::json::parse(line).at("code"));
  }
  EXPECT_EQ(o.status, out.empty() ? 0 : 1) << o.text;
  return out;
}

TEST(DiagnosticCodes, TheWrongExampleOfEveryCodeGivesItAndTheRightOneGivesNone) {
  TestFolder folder;
  for (const CodeRow& row : all_diagnostic_codes()) {
    SCOPED_TRACE(row.name);
    std::vector<std::string> codes = codes_of(row, row.wrong, folder);
    ASSERT_FALSE(codes.empty());
    for (const std::string& code : codes) EXPECT_EQ(code, row.name);
    EXPECT_EQ(codes_of(row, row.right, folder), std::vector<std::string>{});
  }
}

TEST(DiagnosticCodes, AreExplainedByTheToolWhichErrorsSay) {
  TestFolder folder;
  std::string file =
      folder.write("m.nn", "model M {\n  input x: f32[B, 4]\n  h = liner(x, 8)\n  output y = z\n}\n");
  Outcome check = run("check " + file);
  const std::string more = "more: nnc explain-error unknown-function unknown-name\n";
  EXPECT_TRUE(check.text.ends_with(more)) << check.text;
  Outcome explained = run("explain-error unknown-function unknown-name");
  EXPECT_EQ(explained.status, 0);
  EXPECT_NE(explained.text.find("wrong:\n    h = liner(x, 8)\n\nright:\n    h = linear(x, 8)\n"),
            std::string::npos)
      << explained.text;
  Outcome list = run("explain-error");
  EXPECT_EQ(std::count(list.text.begin(), list.text.end(), '\n'),
            static_cast<std::ptrdiff_t>(all_diagnostic_codes().size()));
  Outcome misspelt = run("explain-error unknown-functio");
  EXPECT_EQ(misspelt.status, 2);
  EXPECT_NE(misspelt.text.find("did you mean 'unknown-function'?"), std::string::npos) << misspelt.text;
}

}  // namespace
}  // namespace nnc
