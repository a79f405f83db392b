#include "ir/dim.h"

#include <gtest/gtest.h>

#include "ir/error.h"

namespace nnc {
namespace {

TEST(Dim, CanonicalFormMakesEqualPolynomialsEqual) {
  Dim b = Dim::symbol("B"), t = Dim::symbol("T");
  EXPECT_EQ(b * t + b, b * (t + 1));
  EXPECT_EQ(b - b, Dim(0));
  EXPECT_EQ((b * 2 + 1).str(), "2*B + 1");
  EXPECT_EQ((t * b).str(), "B*T");
}

TEST(Dim, DividesOnlyExactly) {
  Dim b = Dim::symbol("B");
  EXPECT_EQ((b * 6).divided_by(b * 2), Dim(3));
  EXPECT_EQ((b * 6).divided_by(Dim(4)), std::nullopt);
  EXPECT_EQ((b + 1).divided_by(b), std::nullopt);
}

TEST(Dim, EvaluateRefusesUnboundAndOverflow) {
  Dim b = Dim::symbol("B");
  EXPECT_EQ((b * 3 + 1).evaluate({{"B", 5}}), 16);
  EXPECT_THROW(b.evaluate({}), Error);
  EXPECT_THROW((b * b).evaluate({{"B", int64_t{1} << 40}}), Error);
}

}  // namespace
}  // namespace nnc
