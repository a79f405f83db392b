// The examples of tables reach what they say, where the tables are: beside the checkout, in shared/data.
#include <regex>

#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

/// What the last epoch says of a metric.
double last_of(const Outcome& o, const std::string& metric) {
  std::regex value("\"" + metric + "\":([-0-9.e]+)");
  double out = -1;
  for (std::sregex_iterator it(o.text.begin(), o.text.end(), value), end; it != end; ++it)
    out = std::stod((*it)[1]);
  return out;
}

class SharedTables : public Tool {
 protected:
  SharedTables() : data_(fs::path(NNC_SOURCE_DIR).parent_path() / "shared/data") {}
  void SetUp() override {
    if (!fs::exists(data_ / "iris.csv")) GTEST_SKIP() << "there is no " << data_;
  }

  std::string data(const std::string& name) const { return (data_ / name).string(); }

  /// The mean over the five folds.
  double accuracy_of_folds(const std::string& model, const std::string& table, const std::string& more = "") {
    double sum = 0;
    for (int fold = 0; fold < 5; ++fold) {
      Outcome o = run("train " + model + " --json --data " + data(table) +
                      " --set train.split.fold=" + std::to_string(fold) + more);
      EXPECT_EQ(o.status, 0) << o.text;
      sum += last_of(o, "test_accuracy");
    }
    return sum / 5;
  }

  fs::path data_;
};

TEST_F(SharedTables, IrisAndPenguinsInFiveFoldsAndMpgOnAFifth) {
  for (const char* seed : {"0", "1"}) {
    std::string seeds = std::string(" --seed ") + seed + " --set train.split.seed=" + seed;
    EXPECT_GE(accuracy_of_folds(example("iris.nn"), "iris.csv", seeds), 0.95);
    EXPECT_GE(accuracy_of_folds(example("penguins.nn"), "penguins.csv", seeds), 0.97);
    Outcome mpg = run("train " + example("mpg.nn") + " --json --data " + data("mpg.csv") + seeds);
    EXPECT_GE(last_of(mpg, "test_r2"), 0.85) << mpg.text;
  }
}

// What nnc new writes for the same tables does as well.
TEST_F(SharedTables, NewModelsReachWhatTheExamplesDo) {
  for (const char* table : {"iris", "penguins", "mpg"}) {
    Outcome o = run("new " + data(std::string(table) + ".csv") + " -o " + path(std::string(table) + ".nn"));
    ASSERT_EQ(o.status, 0) << o.text;
  }
  const std::string folds = " --set train.split=folds --set train.split.folds=5";
  EXPECT_GE(accuracy_of_folds(path("iris.nn"), "iris.csv", folds), 0.95);
  EXPECT_GE(accuracy_of_folds(path("penguins.nn"), "penguins.csv", folds), 0.97);
  EXPECT_GE(last_of(run("train " + path("mpg.nn") + " --json"), "test_r2"), 0.85);
}

}  // namespace
}  // namespace nnc
