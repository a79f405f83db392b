// What a run shows of its epochs: a table and a live line in a terminal, plain lines in a pipe, a CSV log that survives going on.
#include <regex>
#include <sstream>

#include "tests/tools/tool_run.h"
#include "tools/nnc/epoch_line.h"
#include "tools/nnc/epoch_table.h"
#include "tools/nnc/number_text.h"

namespace nnc {
namespace {

using tool::EpochTable;
using tool::short_number;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(EpochTable, NumbersNeverTakeMoreThanTheirRoom) {
  EXPECT_EQ(short_number(0.138), "0.1380");
  EXPECT_EQ(short_number(1), "1.000");
  EXPECT_EQ(short_number(-0.0), "0.000");
  EXPECT_EQ(short_number(-1.23456e-5), "-1.23e-05");
  EXPECT_EQ(short_number(-1.23456e-105), "-1.2e-105");
  EXPECT_EQ(short_number(std::nan("")), "nan");
  EXPECT_EQ(short_number(-1e300), "-1.0e+300");
}

EpochReport report(int64_t epoch) {
  return {.epoch = epoch,
          .train = {{"loss", 2.5}, {"accuracy", 0.25}},
          .test = {{"loss", 2.25}, {"accuracy", 0.5}},
          .seconds = 1.5,
          .ms_per_step = 0.75};
}

TEST(EpochTable, AHeaderThenARowPerEpoch) {
  EpochTable table(10);
  EXPECT_EQ(table.row(report(1), {{"lr", 1e-3}}, 120),
            "epoch       loss   accuracy  test_loss  test_accuracy    seconds         lr    ms/step\n"
            " 1/10      2.500     0.2500      2.250         0.5000       1.50   0.001000      0.750\n");
  EXPECT_EQ(table.row(report(10), {{"lr", 1e-4}}, 120),
            "10/10      2.500     0.2500      2.250         0.5000       1.50  0.0001000      0.750\n");
  EXPECT_EQ(count(table.row(report(10), {}, 120), "\n"), 2u) << "other columns, another header";
}

TEST(EpochTable, EpochsWithoutAnEndAreCountedAlone) {
  EXPECT_TRUE(EpochTable(kEndless).row(report(12), {}, 120).find("\n   12      2.500") != std::string::npos);
  EXPECT_TRUE(tool::epoch_text(report(12), kEndless).starts_with("epoch 12  loss 2.5"));
  EXPECT_TRUE(tool::epoch_text(report(2), 12).starts_with("epoch  2/12  loss 2.5"));
}

// Whatever the width, no line reaches it, and what is missing is said.
TEST(EpochTable, FitsIntoItsTerminal) {
  EpochReport many = report(1);
  for (int i = 0; i < 30; ++i)
    many.validation.push_back({"a_metric_of_some_length_" + std::to_string(i), 1.0 / 3});
  for (size_t columns : {1u, 8u, 20u, 40u, 79u, 80u, 200u, 2000u}) {
    EpochTable table(100000);
    std::string text = table.row(many, {}, columns);
    for (const std::string& line : lines_of(text))
      EXPECT_LT(line.size(), std::max<size_t>(columns, 14)) << columns << "\n" << text;
    EXPECT_EQ(text.starts_with("not shown:"), columns > 10 && columns < 2000) << text;
  }
}

TEST_F(Tool, EpochsAreATableInATerminalAndPlainLinesInAPipe) {
  std::string model = file("small.nn", kSmall);
  std::string shown = run_in_terminal("train " + model);
  std::regex live_line("\r\x1b\\[K([^\r\n]*(?=\r\x1b))?");
  std::vector<std::string> lines;
  for (std::string line : lines_of(std::regex_replace(shown, live_line, ""))) {
    EXPECT_EQ(line.back(), '\r');
    line.pop_back();
    EXPECT_LT(line.size(), 80u);
    lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), 3u) << shown;
  EXPECT_TRUE(lines[0].starts_with("epoch       loss   accuracy  test_loss  test_accuracy    seconds"))
      << lines[0];
  EXPECT_TRUE(std::regex_match(lines[2], std::regex("  2/2( +[0-9.]+){6}"))) << lines[2];
  std::string piped = run("train " + model).text;
  EXPECT_TRUE(std::regex_match(
      piped, std::regex("(epoch [12]/2  loss [0-9.]+  accuracy [0-9.]+  test_loss [0-9.]+  test_accuracy "
                        "[0-9.]+  [0-9.]+ s  [0-9.]+ ms/step\n){2}")))
      << piped;
}

std::string first_column(const std::string& csv) {
  std::string out;
  for (const std::string& line : lines_of(csv)) out += line.substr(0, line.find(',')) + " ";
  return out;
}

TEST_F(Tool, TheCsvLogHasTheColumnsOfJsonAndEveryEpochOnce) {
  std::string model = file("small.nn", kSmall), log = path("log.csv");
  std::string options = "train " + model + " --csv " + log + " --checkpoint " + path("run");
  Outcome json = run(options + " --epochs 3 --json");
  ASSERT_EQ(json.status, 0) << json.text;
  std::string csv = read(log);
  EXPECT_EQ(first_column(csv), "epoch 1 2 3 ");
  std::regex keys("\"([a-z_]+)\":");
  std::string header, line = lines_of(json.text)[0];
  for (std::sregex_iterator m(line.begin(), line.end(), keys), end; m != end; ++m)
    header += (header.empty() ? "" : ",") + (*m)[1].str();
  EXPECT_EQ(lines_of(csv)[0], header);
  EXPECT_NE(json.text.find("\"loss\":" + lines_of(csv)[3].substr(2, 8)), std::string::npos) << csv;
  // From an epoch before the log's end, which also ends in half a line.
  std::filesystem::rename(folder_ / "run" / "step-000000000010.safetensors", folder_ / "two.safetensors");
  file("log.csv", csv + "4,0.1");
  std::string resumed =
      "train " + model + " --csv " + log + " --epochs 4 --resume " + path("two.safetensors");
  ASSERT_EQ(run(resumed).status, 0);
  EXPECT_EQ(first_column(read(log)), "epoch 1 2 3 4 ");
  // A new run begins a new log; what is no log stays.
  ASSERT_EQ(run("train " + model + " --csv " + log).status, 0);
  EXPECT_EQ(first_column(read(log)), "epoch 1 2 ");
  std::string table = file("table.csv", "x,y\n1,2\n");
  Outcome refused = run("train " + model + " --csv " + table);
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.text.find("is no log of a training run"), std::string::npos) << refused.text;
  EXPECT_EQ(read(table), "x,y\n1,2\n");
  EXPECT_EQ(run("train " + model + " --csv /no/such/folder/log.csv").status, 1);
}

TEST_F(Tool, AnInterruptSavesAndItsCommandGoesOn) {
  std::string model = file("small.nn", kSmall);
  std::string options =
      "train " + model + " --epochs 2000 --csv " + path("log.csv") + " -o " + path("w.safetensors");
  std::string shown = run_in_terminal(options, "   3/2000");
  size_t at = shown.find("go on with\r\n  nnc ");
  ASSERT_NE(at, std::string::npos) << shown;
  std::string command = shown.substr(at + 18, shown.find('\r', at + 12) - at - 18);
  size_t epochs = lines_of(read(path("log.csv"))).size() - 1;
  EXPECT_GE(epochs, 3u);
  size_t wanted = command.find("--epochs 2000");
  ASSERT_NE(wanted, std::string::npos) << command;
  command.replace(wanted, 13, "--epochs " + std::to_string(epochs + 2));
  Outcome resumed = run(command);
  EXPECT_EQ(resumed.status, 0) << command << "\n" << resumed.text;
  EXPECT_EQ(count(read(path("log.csv")), "\n"), epochs + 3);
}

TEST_F(Tool, TheLiveLineFitsIntoTheTerminalAndIsNotInAPipe) {
  std::string text = read(example("digits.nn"));
  for (const char* metric : {"f1", "precision", "recall", "perplexity", "auc"})
    text.insert(text.find("  optimizer"), std::string("  metric ") + metric + "(logits, digit)\n");
  std::string model = file("digits.nn", text);
  std::string options =
      "train " + model + " --epochs 2 --mode=interpreted --batch 400 --set model.hidden1=32";
  std::string shown = run_in_terminal(options);
  const std::string begin = "\r\x1b[K";
  size_t lines = 0;
  for (size_t at = shown.find(begin); at != std::string::npos; at = shown.find(begin, at + 1)) {
    size_t from = at + begin.size(), end = shown.find_first_of("\r\n", from);
    std::string line = shown.substr(from, end - from);
    if (line.find("  step ") == std::string::npos) continue;
    ++lines;
    EXPECT_LT(line.size(), 80u) << line;
    EXPECT_NE(line.find(" left"), std::string::npos) << line;
    EXPECT_NE(line.find("f1 "), std::string::npos) << line;
  }
  EXPECT_GT(lines, 0u) << shown;
  std::string piped = run(options).text;
  EXPECT_EQ(piped.find_first_of("\r\x1b"), std::string::npos) << piped;
}

}  // namespace
}  // namespace nnc
