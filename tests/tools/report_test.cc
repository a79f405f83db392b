// The report page of a run: its parts (axes, thinned curves, the numbers it keeps) and, as a whole, its markup.
#include <cmath>
#include <limits>
#include <regex>

#include "tests/tools/tool_run.h"
#include "tests/tools/xml_text.h"
#include "tools/nnc/axis.h"
#include "tools/nnc/confusion_table.h"
#include "tools/nnc/curve_chart.h"
#include "tools/nnc/report_page.h"

namespace nnc {
namespace {

using namespace tool;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string labels_of(const Axis& axis) {
  std::string out;
  for (const Tick& t : axis.ticks) out += (out.empty() ? "" : " ") + t.label;
  return out;
}

TEST(Axis, TicksStandAtRoundNumbers) {
  struct Row {
    std::vector<double> values;
    const char* labels;
    bool logarithmic = false;
  };
  const Row rows[] = {
      {{0.1, 0.93}, "0.2 0.4 0.6 0.8"},
      {{0, 1}, "0 0.2 0.4 0.6 0.8 1.0"},
      {{-3, 7}, "-2 0 2 4 6"},
      {{0.99991, 0.99994}, "0.999910 0.999915 0.999920 0.999925 0.999930 0.999935 0.999940"},
      {{2.5e7, 3.1e7}, "2.5e7 2.6e7 2.7e7 2.8e7 2.9e7 3e7 3.1e7"},
      {{5, kNan, kInfinity}, "4.8 4.9 5.0 5.1 5.2"},
      {{0}, "0 0.1 0.2 0.3 0.4 0.5"},
      {{kNan}, "0 0.2 0.4 0.6 0.8 1.0"},
      {{}, "0 0.2 0.4 0.6 0.8 1.0"},
      {{0.004, 2.3}, "0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2", true},
      {{1e-9, 1e3}, "1e-9 1e-6 1e-3 1 1e3", true},
      {{0, 1e3}, "0 200 400 600 800 1000"},
  };
  for (const Row& row : rows) {
    Axis axis = value_axis(row.values, 4);
    EXPECT_EQ(labels_of(axis), row.labels);
    EXPECT_EQ(axis.logarithmic, row.logarithmic) << row.labels;
    for (const Tick& t : axis.ticks) {
      EXPECT_GE(axis.place(t.value), -1e-9) << row.labels;
      EXPECT_LE(axis.place(t.value), 1 + 1e-9) << row.labels;
    }
  }
  EXPECT_EQ(labels_of(count_axis(1, 1, 3)), "1");
  EXPECT_EQ(labels_of(count_axis(1, 3, 3)), "1 2 3");
  EXPECT_EQ(labels_of(count_axis(1, 10000, 3)), "2000 4000 6000 8000 10000");
}

// Whatever the range, there are some ticks, not many, and no two say the same.
TEST(Axis, EveryRangeHasTicks) {
  for (double low : {-1e300, -1e9, -1.0, 0.0, 1e-300, 1e-5, 1.0, 123456.0}) {
    for (double range : {0.0, 1e-9, 1e-3, 1.0, 7e5, 1e200}) {
      Axis axis = value_axis(std::vector<double>{low, low + range * std::max(1.0, std::abs(low))}, 4);
      EXPECT_GE(axis.ticks.size(), 2u) << low << " " << range;
      EXPECT_LE(axis.ticks.size(), 14u) << low << " " << range;
      for (size_t i = 1; i < axis.ticks.size(); ++i) EXPECT_LT(axis.ticks[i - 1].value, axis.ticks[i].value);
    }
  }
}

TEST(CurveChart, ManyPointsAreThinnedToTheirExtremes) {
  std::vector<double> values(10000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  values[4321] = 77;
  values[8765] = -77;
  std::vector<size_t> kept = thinned(values, 800);
  EXPECT_LE(kept.size(), 800u);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  for (size_t wanted : {size_t{0}, size_t{4321}, size_t{8765}, size_t{9999}})
    EXPECT_TRUE(std::binary_search(kept.begin(), kept.end(), wanted)) << wanted;
  EXPECT_EQ(thinned(std::vector<double>(800, 1), 800).size(), 800u);
  EXPECT_TRUE(thinned({}, 800).empty());
}

TEST(CurveChart, AMissingValueIsAGapAndALonelyOneADot) {
  std::vector<double> epochs, values;
  for (int i = 1; i <= 100; ++i) {
    epochs.push_back(i);
    values.push_back(i == 50 ? 0.5 : i > 47 && i < 53 ? kNan : 1.0 / i);
  }
  std::string figure = curve_figure("a < b", epochs, {{"train", "train", values}});
  EXPECT_EQ(xml_problem(figure), "");
  EXPECT_EQ(count(figure, "<circle"), 1u);
  std::smatch path;
  ASSERT_TRUE(std::regex_search(figure, path, std::regex("<path class=\"curve train\" d=\"([^\"]*)\"")));
  EXPECT_EQ(count(path[1], "M"), 3u);
  EXPECT_EQ(count(path[1], "L"), 95u - 2);
  EXPECT_EQ(count(curve_figure("m", {epochs.data(), 1}, {{"train", "train", {2}}}), "<circle"), 1u);
  std::string none = curve_figure("m", {epochs.data(), 2}, {{"train", "train", {kNan, kInfinity}}});
  EXPECT_NE(none.find("no epoch has a finite value"), std::string::npos);
}

TEST(RunHistory, KeepsEveryEpochOfMostRunsAndTheLastOfAll) {
  RunHistory history;
  for (int64_t epoch = 1; epoch <= 100000; ++epoch) {
    history.add(
        {{"epoch", epoch}, {"loss", 1.0 / static_cast<double>(epoch)}, {"m", epoch % 2 ? kNan : 1.0}});
    ASSERT_EQ(history.epochs().back(), static_cast<double>(epoch));
    ASSERT_LE(history.epochs().size(), RunHistory::kMostEpochs + 1);
    EXPECT_TRUE(epoch > 8000 || history.epochs().size() == static_cast<size_t>(epoch));
  }
  EXPECT_GE(history.epochs().size(), RunHistory::kMostEpochs / 2);
  for (size_t i = 0; i < history.epochs().size(); ++i)
    EXPECT_EQ((*history.find("loss"))[i], 1 / history.epochs()[i]);
  RunHistory again = RunHistory::from_json(nlohmann::ordered_json::parse(history.to_json().dump()), 50000);
  EXPECT_LE(again.epochs().back(), 50000);
  EXPECT_GT(again.epochs().back(), 49900);
  EXPECT_EQ(again.epochs().front(), 1);
  EXPECT_TRUE(std::isnan((*again.find("m"))[0]));
}

TEST(ConfusionTable, NamesRowsAndLeavesManyClassesToText) {
  ConfusionMatrix matrix{.classes = 2, .counts = {3, 1, 0, 0}};
  std::string table =
      confusion_table(matrix, {"a & b", "a very long name of a class, too long for a heading"});
  EXPECT_EQ(xml_problem(table), "");
  EXPECT_NE(table.find("<th>a &amp; b</th><td class=\"hit\" style=\"--share:75%\">3</td><td class=\"miss\" "
                       "style=\"--share:50%\">1</td><td class=\"number\">75.0 %</td>"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("<span>a very long name of a c~</span>"), std::string::npos) << table;
  ConfusionMatrix large{.classes = 50, .counts = std::vector<int64_t>(2500, 1)};
  EXPECT_NE(confusion_table(large, {}).find("most frequent confusions"), std::string::npos);
}

std::string title_of(const std::string& page) {
  std::smatch m;
  return std::regex_search(page, m, std::regex("<p class=\"muted\">([^<]*)</p>")) ? m[1].str() : "";
}

TEST_F(Tool, TheReportShowsCurvesConfusionsTimesSettingsAndLayers) {
  std::string model = file("small.nn", kSmall), page_file = path("report.html");
  Outcome o = run("train " + model + " --epochs 4 --set train.lr=0.01 --report " + page_file);
  ASSERT_EQ(o.status, 0) << o.text;
  std::string page = read(page_file);
  EXPECT_EQ(xml_problem(page), "");
  EXPECT_EQ(count(page, "http:") + count(page, "https:") + count(page, "src=") + count(page, "@import"), 0u);
  EXPECT_TRUE(title_of(page).starts_with("finished; epoch 4 of 4, ")) << title_of(page);
  EXPECT_EQ(count(page, "http-equiv=\"refresh\""), 0u);
  // loss, accuracy and the rate; two parts of the first two.
  EXPECT_EQ(count(page, "<figure>"), 3u);
  EXPECT_EQ(count(page, "<path class=\"curve train\""), 3u);
  EXPECT_EQ(count(page, "<path class=\"curve test\""), 2u);
  EXPECT_EQ(count(page, "<path class=\"curve validation\""), 0u);
  EXPECT_EQ(count(page, "<circle class=\"test\""), 8u);
  EXPECT_EQ(count(page, "<td class=\"hit\""), 10u);
  EXPECT_EQ(count(page, "<td class=\"miss\""), 90u);
  EXPECT_NE(page.find("Confusion matrix of the test part: accuracy"), std::string::npos);
  for (const char* text :
       {"--set train.lr=0.01", "adam(lr = 0.01, ", "<td>h.linear</td>", "<td>evaluation</td>"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  // The numbers are those that were printed.
  std::smatch printed;
  ASSERT_TRUE(std::regex_search(o.text, printed,
                                std::regex("epoch 4/4  loss (\\S+)  accuracy (\\S+)  test_loss (\\S+)")));
  EXPECT_NE(page.find("<td>loss</td><td class=\"number\">" + printed[1].str() + "</td><td class=\"number\">" +
                      printed[3].str() + "</td>"),
            std::string::npos);
}

TEST_F(Tool, AReportThatGoesOnKeepsItsCurves) {
  std::string model = file("small.nn", kSmall), page_file = path("report.html");
  std::string options = "train " + model + " --report " + page_file + " --checkpoint " + path("run");
  ASSERT_EQ(run(options + " --epochs 3").status, 0);
  std::filesystem::rename(folder_ / "run" / "step-000000000010.safetensors", folder_ / "two.safetensors");
  std::string resumed =
      "train " + model + " --epochs 4 --report " + page_file + " --resume " + path("two.safetensors");
  ASSERT_EQ(run(resumed).status, 0);
  std::string page = read(page_file);
  EXPECT_EQ(count(page, "<circle class=\"test\""), 8u)
      << "epochs 1 and 2 of the first run, 3 and 4 of the second";
  EXPECT_NE(page.find("\"epoch\":[1.0,2.0,3.0,4.0]"), std::string::npos);
  std::string other = file("notes.html", "<p>mine</p>");
  Outcome refused = run("train " + model + " --report " + other);
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.text.find("is no report of a training run"), std::string::npos) << refused.text;
  EXPECT_EQ(read(other), "<p>mine</p>");
  EXPECT_EQ(run("train " + model + " --report /no/such/folder/r.html").status, 1);
}

TEST_F(Tool, TheReportSaysWhyARunEnded) {
  std::string page_file = path("report.html");
  Outcome o = run("train " + example("linear_regression.nn") + " --set train.lr=1e6 --report " + page_file);
  EXPECT_EQ(o.status, 1);
  std::string page = read(page_file);
  EXPECT_EQ(xml_problem(page), "");
  EXPECT_TRUE(title_of(page).starts_with("stopped: the loss is ")) << title_of(page);
  std::string model = file("small.nn", kSmall);
  std::string shown = run_in_terminal(
      "train " + model + " --epochs 2000 -o " + path("w.safetensors") + " --report " + page_file, "  3/2000");
  EXPECT_TRUE(title_of(read(page_file)).starts_with("interrupted; epoch "))
      << title_of(read(page_file)) << "\n"
      << shown;
}

}  // namespace
}  // namespace nnc
