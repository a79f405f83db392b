// Sweeps: every combination is the run that nnc train would do, ranked; a failed run is a row; mistakes are found before
// anything runs.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/runtime/bad_files.h"
#include "tests/tools/tool_run.h"
#include "tools/nnc/sweep_table.h"

namespace nnc {
namespace {

using nlohmann::json;

const char* const kModel = R"(model Small(hidden = 8) {
  input image: u8[B, 28, 28]
  h = relu(linear(flatten(cast(image, f32) / 255), hidden))
  output logits = linear(h, 10)
}
train Small {
  data      digits(n = 200, seed = 1)
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  optimizer adam(lr = 1e-3)
  batch     64
  epochs    2
}
)";

struct SweepTool : testing::Test {
  SweepTool() : model(folder.write("small.nn", kModel)) {}

  std::vector<json> rows(const std::string& options) {
    Outcome o = run("sweep " + model + " --json " + options + " 2>/dev/null");
    EXPECT_EQ(o.status, 0) << o.text;
    std::vector<json> out;
    std::istringstream lines(o.text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("{")) out.push_back(json::parse(line));
    }
    return out;
  }
  // The last epoch of nnc train with these options.
  json trained(const std::string& options) {
    Outcome o = run("train " + model + " --json " + options);
    EXPECT_EQ(o.status, 0) << o.text;
    std::istringstream lines(o.text);
    json last;
    for (std::string line; std::getline(lines, line);) last = json::parse(line);
    return last;
  }

  TestFolder folder;
  std::string model;
};

TEST_F(SweepTool, RunsEveryCombinationAsTrainWouldAndRanksThem) {
  std::vector<json> found = rows("--grid train.lr=1e-2,1e-3,1e-4 --grid model.hidden=4,8");
  ASSERT_EQ(found.size(), 6u);
  for (size_t i = 0; i < found.size(); ++i) {
    const json& row = found[i];
    EXPECT_EQ(row["metric"], "test_loss");
    EXPECT_LE(found[i > 0 ? i - 1 : 0]["mean"].get<double>(), row["mean"].get<double>());
    std::string lr = row["settings"]["train.lr"], hidden = row["settings"]["model.hidden"];
    EXPECT_EQ(row["mean"], trained("--set train.lr=" + lr + " --set model.hidden=" + hidden)["test_loss"]);
  }
}

TEST_F(SweepTool, FoldsAndSeedsGiveAMeanAndItsDeviation) {
  std::string data = "a,b,t\n";
  for (int i = 0; i < 60; ++i)
    data += std::to_string(i % 7) + "," + std::to_string(i % 5) + "," + std::to_string(i % 7 > i % 5) + "\n";
  folder.write("points.csv", data);
  model =
      folder.write("points.nn",
                   "model Points {\n input x: f32[B, 2]\n output y = linear(relu(linear(x, 8)), 2)\n}\n"
                   "train Points {\n data csv(\"points.csv\")\n target t: i32[B]\n loss cross_entropy(y, t)\n"
                   " metric accuracy(y, t)\n optimizer adam(lr = 1e-2)\n epochs 3\n}\n");
  std::vector<json> found = rows("--folds 3 --seeds 2 --metric test_accuracy --jobs 3");
  ASSERT_EQ(found.size(), 1u);
  const json& runs = found[0]["runs"];
  ASSERT_EQ(runs.size(), 6u);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i]["fold"], i / 2);
    EXPECT_EQ(runs[i]["seed"], i % 2);
    sum += runs[i]["test_accuracy"].get<double>();
  }
  for (const json& run : runs) squares += std::pow(run["test_accuracy"].get<double>() - sum / 6, 2);
  EXPECT_NEAR(found[0]["mean"].get<double>(), sum / 6, 1e-12);
  EXPECT_NEAR(found[0]["deviation"].get<double>(), std::sqrt(squares / 5), 1e-12);
  json fold = trained("--set train.split=folds --set train.split.folds=3 --set train.split.fold=2 --seed 1");
  EXPECT_EQ(runs[5]["test_accuracy"], fold["test_accuracy"]);
}

TEST_F(SweepTool, ManyJobsFindWhatOneFinds) {
  std::string options = "--grid train.lr=1e-2,1e-3,1e-4 --seeds 2";
  auto without_times = [](std::vector<json> found) {
    for (json& row : found) {
      row.erase("seconds");
      for (json& run : row["runs"]) run.erase("seconds");
    }
    return found;
  };
  EXPECT_EQ(without_times(rows(options + " --jobs 1")),
            without_times(rows(options + " --jobs 4 --threads 2")));
}

TEST_F(SweepTool, AFailedRunIsARowThatSaysSo) {
  std::string regression = std::string(NNC_SOURCE_DIR) + "/examples/linear_regression.nn";
  Outcome o = run("sweep " + regression + " --grid train.lr=1e6,1e-3 --epochs 200 --jobs 1");
  EXPECT_EQ(o.status, 0) << o.text;
  size_t table = o.text.find("train.lr  loss");
  ASSERT_NE(table, std::string::npos) << o.text;
  size_t good = o.text.find("\n1e-3 ", table), bad = o.text.find("\n1e6 ", table);
  EXPECT_LT(good, bad) << o.text;
  EXPECT_NE(o.text.find("failed: the loss is ", bad), std::string::npos) << o.text;
  EXPECT_EQ(run("sweep " + regression + " --grid train.lr=1e6,1e7 --epochs 200").status, 1);
}

TEST_F(SweepTool, KeepsTheWeightsOfTheBest) {
  std::string best = folder.file("best.safetensors"), same = folder.file("same.safetensors");
  std::vector<json> found = rows("--grid train.lr=1e-4,1e-2 --seeds 2 --jobs 1 -o " + best);
  const json& runs = found[0]["runs"];
  bool second = runs[1]["test_loss"].get<double>() < runs[0]["test_loss"].get<double>();
  trained("--set train.lr=" + found[0]["settings"]["train.lr"].get<std::string>() + " --seed " +
          (second ? "1" : "0") + " -o " + same);
  EXPECT_TRUE(slurp(best) == slurp(same));
}

TEST_F(SweepTool, MistakesAreFoundBeforeAnythingRuns) {
  struct Row {
    const char *options, *message;
    int status;
  };
  const Row cases[] = {
      {"",
       "error: there is nothing to sweep over\n  note: give a grid, as in --grid train.lr=1e-2,1e-3, or "
       "--folds 5",
       1},
      {"--grid train.lr=1e-2 --grid model.hiden=4,8",
       "error: nothing is called 'model.hiden' here, so it cannot be set\nhelp: did you mean 'model.hidden'?",
       1},
      {"--grid train.lr=1e-3,fast", "'lr' is a number", 1},
      {"--grid train.lr=1e-2 --metric test_acuracy",
       "error: nothing measures 'test_acuracy'\n  note: did you mean 'test_accuracy'?\n  note: there are "
       "loss, accuracy, "
       "test_loss, test_accuracy",
       1},
      {"--grid train.lr=1e-2 --metric val_loss",
       "error: nothing measures 'val_loss'\n  note: there are loss, accuracy, test_loss", 1},
      {"--grid train.lr=", "error: '--grid train.lr=' has an empty value", 1},
      {"--grid train.lr=1e-2,,1e-3", "error: '--grid train.lr=1e-2,,1e-3' has an empty value", 1},
      {"--grid train.lr", "error: '--grid train.lr' is not of the form NAME=VALUE,VALUE", 1},
      {"--grid train.lr=1e-2,1e-2", "error: '--grid train.lr=1e-2,1e-2' has the value 1e-2 twice", 1},
      {"--grid train.lr=1 --grid train.lr=2", "error: --grid is given twice for train.lr", 1},
      {"--grid train.lr=1 --set train.lr=2", "error: train.lr is both set and swept over", 1},
      {"--folds 1", "error: --folds: Value 1 not in range", 2},
      {"--grid train.lr=1e-2 -o /no/such/folder/w.safetensors",
       "error: cannot write /no/such/folder/w.safetensors", 1},
  };
  for (const Row& row : cases) {
    Outcome o = run("sweep " + model + " " + row.options);
    EXPECT_EQ(o.status, row.status) << row.options;
    EXPECT_NE(o.text.find(row.message), std::string::npos) << row.options << "\n" << o.text;
    EXPECT_EQ(o.text.find("run 1/"), std::string::npos) << o.text;
  }
}

// Reads until `what` has been written, or the writer is done.
std::string read_until(int pipe, const std::string& what) {
  std::string out;
  std::array<char, 256> buffer;
  while (out.find(what) == std::string::npos) {
    ssize_t n = ::read(pipe, buffer.data(), buffer.size());
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<size_t>(n));
  }
  return out;
}

TEST_F(SweepTool, AnInterruptPrintsWhatIsDone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    execl(NNC_TOOL, NNC_TOOL, "sweep", model.c_str(), "--seeds", "100000", "--jobs", "1", "--grid",
          "train.lr=1e-2,1e-3", nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string text = read_until(ends[0], "run 2/");
  kill(child, SIGINT);
  text += read_until(ends[0], "no such text");
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 130) << text;
  EXPECT_NE(text.find("train.lr  test_loss"), std::string::npos) << text;
  EXPECT_NE(text.find(" of 100000 runs"), std::string::npos) << text;
}

TEST(SweepTable, RanksByTheMetricWithFailedRowsLast) {
  using tool::SweepRun;
  std::vector<tool::SweepRow> rows = {
      {{"1"}, {{.done = true, .value = 0.5, .seconds = 1}, {.done = true, .value = 0.7, .seconds = 1}}},
      {{"10"},
       {{.done = true, .value = 0.9, .seconds = 1}, {.done = true, .failure = "the loss is nan in epoch 2"}}},
      {{"100"}, {{.done = true, .value = 0.8, .seconds = 1}, {.done = true, .value = 0.8, .seconds = 2}}},
      {{"1000"}, {{.done = true, .value = 0.1}, {}}},
      {{"10000"}, {{}, {}}},
  };
  EXPECT_EQ(tool::sweep_table({{"train.lr", {}}}, {"accuracy", true}, rows),
            "train.lr  accuracy         seconds\n"
            "100       0.8000 ± 0.000   3.0\n"
            "1         0.6000 ± 0.1414  2.0\n"
            "1000      0.1000           0.0      1 of 2 runs\n"
            "10        0.9000           1.0      1 of 2 failed: the loss is nan in epoch 2\n");
}

}  // namespace
}  // namespace nnc
