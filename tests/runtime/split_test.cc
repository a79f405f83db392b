#include "runtime/split.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

SplitSpec shares(double validation, double test, int64_t seed = 0) {
  return {.kind = SplitSpec::Kind::Shares, .validation = validation, .test = test, .seed = seed};
}
SplitSpec folds(int64_t folds, int64_t fold, double validation = 0) {
  return {.kind = SplitSpec::Kind::Folds, .validation = validation, .folds = folds, .fold = fold};
}

std::vector<int64_t> all_of(const Parts& p) {
  std::vector<int64_t> out;
  for (const auto* rows : {&p.train, &p.validation, &p.test}) {
    EXPECT_TRUE(std::ranges::is_sorted(*rows));
    out.insert(out.end(), rows->begin(), rows->end());
  }
  std::ranges::sort(out);
  return out;
}

std::vector<int64_t> up_to(int64_t n) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(i);
  return out;
}

int64_t members(const std::vector<int64_t>& rows, const std::vector<int64_t>& classes, int64_t wanted) {
  return std::ranges::count_if(rows, [&](int64_t r) { return classes[static_cast<size_t>(r)] == wanted; });
}

TEST(Split, EverySampleIsInOnePart) {
  struct Case {
    int64_t samples;
    SplitSpec split;
    size_t train, validation, test;
  };
  const Case cases[] = {
      {10, shares(0, 0.3), 7, 0, 3},
      {10, shares(0.1, 0.2), 7, 1, 2},
      {1000, shares(0.5, 0.25), 250, 500, 250},
      {7, folds(3, 0), 4, 0, 3},
      {7, folds(3, 2), 5, 0, 2},
      {100, folds(5, 1, 0.2), 60, 20, 20},
      {4, shares(0.25, 0.5), 1, 1, 2},
      {2, folds(2, 1), 1, 0, 1},
  };
  for (const Case& c : cases) {
    Parts p = split_samples(c.samples, c.split);
    EXPECT_EQ(all_of(p), up_to(c.samples));
    EXPECT_EQ(p.train.size(), c.train);
    EXPECT_EQ(p.validation.size(), c.validation);
    EXPECT_EQ(p.test.size(), c.test);
  }
}

TEST(Split, SeedsChooseAndFoldsPartition) {
  EXPECT_EQ(split_samples(50, shares(0, 0.2, 3)).test, split_samples(50, shares(0, 0.2, 3)).test);
  EXPECT_NE(split_samples(50, shares(0, 0.2, 3)).test, split_samples(50, shares(0, 0.2, 4)).test);
  std::set<int64_t> seen;
  for (int64_t f = 0; f < 7; ++f) {
    for (int64_t row : split_samples(50, folds(7, f)).test) EXPECT_TRUE(seen.insert(row).second);
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Split, ClassesKeepTheirShares) {
  std::vector<int64_t> classes;  // 60 of class 0, 30 of class 1, 9 of class 2, one of class 3
  for (int64_t i = 0; i < 100; ++i) classes.push_back(i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : i == 99 ? 3 : 2);
  Parts p = split_samples(100, shares(0.1, 0.2), classes);
  EXPECT_EQ(all_of(p), up_to(100));
  const int64_t want[4][3] = {{42, 6, 12}, {21, 3, 6}, {6, 1, 2}, {1, 0, 0}};
  for (int64_t c = 0; c < 4; ++c) {
    EXPECT_EQ(members(p.train, classes, c), want[c][0]) << c;
    EXPECT_EQ(members(p.validation, classes, c), want[c][1]) << c;
    EXPECT_EQ(members(p.test, classes, c), want[c][2]) << c;
  }
  for (int64_t f = 0; f < 3; ++f) {
    p = split_samples(100, folds(3, f), classes);
    EXPECT_EQ(members(p.test, classes, 0), 20);
    EXPECT_EQ(members(p.test, classes, 1), 10);
    EXPECT_EQ(members(p.test, classes, 2), 3);
  }
}

TEST(Split, APartThatWouldBeEmptyIsAnError) {
  struct Case {
    int64_t samples;
    SplitSpec split;
    const char* part;
  };
  const Case cases[] = {{2, shares(0, 0.2), "2 samples leaves the test part"},
                        {4, shares(0.1, 0.5), "4 samples leaves the validation part"},
                        {1, folds(2, 0), "the training part"},
                        {2, folds(5, 4), "the test part"},
                        {0, shares(0, 0.5), "the training part"}};
  for (const Case& c : cases) {
    std::string error = error_of([&] { split_samples(c.samples, c.split); });
    EXPECT_NE(error.find(c.part), std::string::npos) << error << "\nwanted: " << c.part;
  }
}

}  // namespace
}  // namespace nnc
