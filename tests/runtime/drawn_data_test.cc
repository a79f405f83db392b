// Data that the program makes up: where the samples lie, and that they are the same everywhere.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "runtime/data_source.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

TEST(Draws, CircleAndLogarithmAreThoseOfTheLibrary) {
  for (int i = -1000; i <= 1000; ++i) {
    double turns = i / 160.0;
    PlanePoint p = on_unit_circle(turns);
    EXPECT_NEAR(p.x, std::cos(2 * std::numbers::pi * turns), 5e-15) << turns;
    EXPECT_NEAR(p.y, std::sin(2 * std::numbers::pi * turns), 5e-15) << turns;
  }
  for (double x = 0x1p-60; x < 2; x *= 1.1) EXPECT_NEAR(portable_log(x), std::log(x), 1e-14) << x;
  EXPECT_EQ(portable_log(1), 0);
}

// Mean, deviation and fourth moment of 100,000 numbers, each within five deviations of its estimate.
TEST(Draws, NormalNumbersAreNormal) {
  constexpr int kCount = 50'000;
  double sum = 0, squares = 0, fourths = 0;
  Draws draws("test", 1, 0);
  for (int i = 0; i < kCount; ++i) {
    PlanePoint p = draws.normal_pair();
    for (double x : {p.x, p.y}) sum += x, squares += x * x, fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / (2 * kCount), 0, 0.016);
  EXPECT_NEAR(squares / (2 * kCount), 1, 0.023);
  EXPECT_NEAR(fourths / (2 * kCount), 3, 0.16);
}

Dataset drawn(const std::string& kind, std::map<std::string, DataArg> arguments) {
  return load_data({kind, {}, std::move(arguments)}, "");
}

PlanePoint point(const Table& table, int64_t sample) {
  return {table[0].values.get(2 * sample), table[0].values.get(2 * sample + 1)};
}

// Without noise, the angle less what the radius winds is where the arm starts.
TEST(Spirals, ArmsWindAroundTheCentre) {
  Dataset data =
      drawn("spirals", {{"n", int64_t{300}}, {"classes", int64_t{3}}, {"noise", 0.0}, {"turns", 2.0}});
  ASSERT_EQ(sample_count(data.train), 300);
  ASSERT_EQ(sample_count(data.test), 60);
  double inner = 0;
  for (int64_t i = 0; i < 300; ++i) {
    PlanePoint p = point(data.train, i);
    double radius = std::hypot(p.x, p.y);
    double start = std::atan2(p.y, p.x) / (2 * std::numbers::pi) - 2 * radius;
    double arm = static_cast<double>(data.train[1].values.get_int(i)) / 3;
    EXPECT_NEAR(std::remainder(start - arm, 1), 0, 1e-12);
    EXPECT_LT(radius, 1);
    inner += radius < std::sqrt(0.5);
  }
  EXPECT_NEAR(inner / 300, 0.5, 0.15);  // half of the points on half of the disc
}

TEST(Moons, PointsLieOnTwoHalfCircles) {
  Dataset data = drawn("moons", {{"n", int64_t{100}}, {"noise", 0.0}});
  for (int64_t i = 0; i < 100; ++i) {
    PlanePoint p = point(data.train, i);
    bool lower = data.train[1].values.get_int(i) == 1;
    EXPECT_NEAR(lower ? std::hypot(p.x - 1, p.y - 0.5) : std::hypot(p.x, p.y), 1, 1e-14);
    EXPECT_TRUE(lower ? p.y <= 0.5 : p.y >= 0);
  }
}

// Three samples give the function of two features; the others, those to test among them, lie on it.
TEST(Linear, SamplesLieOnOneFunction) {
  Dataset data = drawn("linear", {{"n", int64_t{50}}, {"features", int64_t{2}}, {"noise", 0.0}});
  auto x = [](const Table& t, int64_t sample, int64_t k) { return t[0].values.get(2 * sample + k); };
  auto y = [](const Table& t, int64_t sample) { return t[1].values.get(sample); };
  const Table& t = data.train;
  double a = x(t, 1, 0) - x(t, 0, 0), b = x(t, 1, 1) - x(t, 0, 1), e = y(t, 1) - y(t, 0);
  double c = x(t, 2, 0) - x(t, 0, 0), d = x(t, 2, 1) - x(t, 0, 1), f = y(t, 2) - y(t, 0);
  double w0 = (e * d - b * f) / (a * d - b * c), w1 = (a * f - e * c) / (a * d - b * c);
  double bias = y(t, 0) - w0 * x(t, 0, 0) - w1 * x(t, 0, 1);
  for (const Table* part : {&data.train, &data.test}) {
    for (int64_t i = 0; i < sample_count(*part); ++i)
      EXPECT_NEAR(y(*part, i), w0 * x(*part, i, 0) + w1 * x(*part, i, 1) + bias, 1e-10);
  }
}

TEST(DrawnData, NoiseMovesBySoMuch) {
  Dataset still = drawn("moons", {{"n", int64_t{5000}}, {"noise", 0.0}});
  Dataset moved = drawn("moons", {{"n", int64_t{5000}}, {"noise", 0.5}});
  double squares = 0;
  for (int64_t i = 0; i < 10'000; ++i)
    squares += std::pow(moved.train[0].values.get(i) - still.train[0].values.get(i), 2);
  EXPECT_NEAR(std::sqrt(squares / 10'000), 0.5, 0.02);
}

TEST(DrawnData, TheSameEverywhereAndOtherForOtherSeeds) {
  const std::pair<const char*, uint64_t> cases[] = {{"spirals", 13497997342200438490u},
                                                    {"moons", 10257959119342856957u},
                                                    {"linear", 15911974581554940001u}};
  for (const auto& [kind, expected] : cases) {
    SCOPED_TRACE(kind);
    Dataset data = drawn(kind, {});
    uint64_t sum = 0;
    for (std::byte b : data.train[0].values.bytes()) sum = sum * 31 + static_cast<uint64_t>(b);
    for (std::byte b : data.test[1].values.bytes()) sum = sum * 31 + static_cast<uint64_t>(b);
    EXPECT_EQ(sum, expected) << "the samples of a seed may never change";
    EXPECT_NE(drawn(kind, {{"seed", int64_t{1}}}).train[0].values, data.train[0].values);
  }
}

}  // namespace
}  // namespace nnc
