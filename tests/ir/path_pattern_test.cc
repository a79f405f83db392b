// Which paths of parameters a pattern takes.
#include "ir/path_pattern.h"

#include <gtest/gtest.h>

namespace nnc {
namespace {

TEST(PathPattern, StarsTakeAnything) {
  struct Case {
    const char *pattern, *path;
    bool fits;
  };
  const Case cases[] = {
      {"*", "", true},
      {"*.weight", "h.linear.weight", true},
      {"*.weight", "h.weights", false},
      {"h.*", "h.a.b", true},
      {"h.?", "h.ab", false},
      {"*a*b*", "xaybz", true},
      {"*ab", "aab", true},
      {"a*b*c", "abbcc", true},
      {"a*b*c", "acb", false},
      {"h.w", "h.w", true},
      {"", "h", false},
      {"**b", "ab", true},
  };
  for (const Case& c : cases)
    EXPECT_EQ(path_matches(c.pattern, c.path), c.fits) << c.pattern << " " << c.path;
}

}  // namespace
}  // namespace nnc
