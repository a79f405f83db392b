#include "ir/diagnostics.h"

#include <gtest/gtest.h>

#include "ir/ast.h"

namespace nnc {
namespace {

TEST(Diagnostics, SortedByPlaceOnceEachWithCaretsNotesAndHelp) {
  Diagnostics d("m.nn", "a = b\nh = liner(x)\n");
  d.error("unknown-function", {2, 5, 5}, "unknown function 'liner'").suggest("liner", {"linear", "relu"});
  for (int i = 0; i < 2; ++i)
    d.error("unknown-name", {1, 5, 1}, "unknown name 'b'").note({2, 1, 1}, "used here");
  EXPECT_EQ(d.render(),
            "m.nn:1:5: error: unknown name 'b'\n"
            "  1 | a = b\n"
            "    |     ^\n"
            "m.nn:2:1: note: used here\n"
            "  2 | h = liner(x)\n"
            "    | ^\n"
            "m.nn:2:5: error: unknown function 'liner'\n"
            "  2 | h = liner(x)\n"
            "    |     ^~~~~\n"
            "help: did you mean 'linear'?\n");
}

TEST(Diagnostics, TabsCarriageReturnsWideAndBrokenCharactersKeepTheCaretInPlace) {
  auto shown = [](const std::string& source, Loc loc) {
    Diagnostics d("f", source);
    d.error("syntax", loc, "m");
    return d.render();
  };
  EXPECT_EQ(shown("\tx\r\n", {1, 2, 1}), "f:1:2: error: m\n  1 |     x\n    |     ^\n");
  EXPECT_EQ(shown("é日x", {1, 6, 1}), "f:1:3: error: m\n  1 | é日x\n    |    ^\n");
  EXPECT_EQ(shown("\xff\x1b[x", {1, 4, 9}), "f:1:4: error: m\n  1 | ��[x\n    |    ^\n");
  EXPECT_EQ(shown("ab", {1, 9, 1}), "f:1:9: error: m\n  1 | ab\n    |   ^\n");
  EXPECT_EQ(shown("ab", {7, 1, 1}), "f:7:1: error: m\n");
  EXPECT_EQ(shown("", {0, 0, 0}), "f: error: m\n");
}

TEST(Diagnostics, ALongLineIsCutAroundTheCaret) {
  Diagnostics d("f", std::string(5000, 'a') + "!" + std::string(5000, 'b'));
  d.error("syntax", {1, 5001, 1}, "m");
  std::string text = d.render();
  EXPECT_LT(text.size(), 400u);
  EXPECT_NE(text.find("…aaa"), std::string::npos);
  EXPECT_NE(text.find("a!b"), std::string::npos);
}

TEST(Diagnostics, ManyPlacesOnOneHugeLineShowAFewCharactersEach) {
  Diagnostics d("f", std::string(1 << 22, 'a'));
  for (uint32_t i = 0; i < 50; ++i) d.error("syntax", {1, 80000 * i + 1, 1}, "m");
  EXPECT_LT(d.render().size(), 50u * 500u);
}

TEST(Diagnostics, JsonIsOneObjectALine) {
  Diagnostics d("a\"b.nn", "x\n");
  d.error("syntax", {1, 1, 1}, "say \"hi\"\n\xff").note("n").with_help("h");
  EXPECT_EQ(
      d.render_json(),
      R"({"severity":"error","code":"syntax","file":"a\"b.nn","line":1,"column":1,"length":1,)"
      R"("message":"say \"hi\"\n�","notes":[{"line":0,"column":0,"length":0,"message":"n"}],"help":"h"})"
      "\n");
}

TEST(Diagnostics, ManyAreCounted) {
  Diagnostics d("f", "");
  for (uint32_t i = 1; i <= 70; ++i) d.error("syntax", {i, 1, 1}, "m");
  EXPECT_NE(d.render().find("f: 20 more are not shown\n"), std::string::npos);
}

TEST(Suggest, PicksTheClosestThatIsClose) {
  std::vector<std::string> names = {"linear", "relu", "softmax", "conv", "Adam"};
  EXPECT_EQ(suggest("liner", names), "linear");
  EXPECT_EQ(suggest("rleu", names), "relu");
  EXPECT_EQ(suggest("adam", names), "Adam");
  EXPECT_EQ(suggest("banana", names), std::nullopt);
  EXPECT_EQ(suggest("linear", {"linear"}), std::nullopt);
}

}  // namespace
}  // namespace nnc
