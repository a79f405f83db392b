// Pages and pictures in a headless browser: every text is there, and none covers another.
#include <regex>

#include "tests/tools/browser.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

class Rendered : public Tool {
 protected:
  void SetUp() override {
    if (!no_browser().empty()) GTEST_SKIP() << no_browser();
  }

  static void expect_readable(const Layout& layout, int texts) {
    EXPECT_EQ(layout.texts, texts) << layout.document;
    EXPECT_EQ(layout.overlaps, 0);
    EXPECT_EQ(layout.outside, 0);
    EXPECT_EQ(layout.wider, 0);
  }
};

TEST_F(Rendered, SeesTextsThatCoverEachOtherOrStickOut) {
  std::string text = "<text x=\"20\" y=\"20\">some words</text>";
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" height=\"90\">";
  Layout layout =
      layout_of(svg + text + text + "<text x=\"260\" y=\"60\">too far to the right</text></svg>", 800);
  EXPECT_EQ(layout.texts, 3);
  EXPECT_EQ(layout.overlaps, 1);
  EXPECT_EQ(layout.outside, 1);
}

TEST_F(Rendered, ReportsOfOneEpochAndOfThousandsAreReadable) {
  std::string model = file("small.nn", kSmall), page = path("report.html");
  ASSERT_EQ(run("train " + model + " --epochs 1 --report " + page).status, 0);
  for (int width : {500, 1200}) {
    Layout one = layout_of(read(page), width);
    expect_readable(one, static_cast<int>(count(read(page), "<text ")));
    EXPECT_NE(one.document.find("Where the time went"), std::string::npos);
  }
  std::string longest = std::regex_replace(read(page), std::regex("width:[0-9.]+%"), "width:100%");
  EXPECT_NE(longest.find("width:100%"), std::string::npos);
  EXPECT_EQ(layout_of(longest, 500).wider, 0);
  ASSERT_EQ(run("train " + example("linear_regression.nn") + " --epochs 20000 --report " + page).status, 0);
  Layout many = layout_of(read(page), 1200);
  expect_readable(many, static_cast<int>(count(read(page), "<text ")));
  EXPECT_EQ(count(many.document, "<path class=\"curve train\""), 2u);
}

TEST_F(Rendered, PicturesOfGraphsAreReadable) {
  std::string svg = run("show " + example("mlp_from_blocks.nn") + " --emit=svg").text;
  Layout picture = layout_of(svg, 1600);
  EXPECT_EQ(picture.texts, static_cast<int>(count(svg, "<text ")));
  EXPECT_EQ(picture.overlaps, 0);
  EXPECT_EQ(picture.outside, 0);
  std::string page = run("show " + example("mnist_mlp.nn") + " --emit=html").text;
  Layout html = layout_of(page, 1200);
  EXPECT_EQ(html.overlaps, 0);
  EXPECT_EQ(html.outside, 0);
  EXPECT_EQ(count(html.document, "<details "), count(page, "<details "));
}

}  // namespace
}  // namespace nnc
