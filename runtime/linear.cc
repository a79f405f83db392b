// Draws samples of a linear function, y = x · w + b plus noise: features, weights and bias are normal. What a
// regression finds in them is known, up to the noise.
#include <span>
#include <vector>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/data_source.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

struct Plane {
  std::vector<double> weights;
  double bias = 0;
};

Plane draw_plane(int64_t features, int64_t seed) {
  Draws draws("linear.weights", seed, 0);
  Plane out;
  for (int64_t i = 0; i < features; ++i) out.weights.push_back(draws.normal());
  out.bias = draws.normal();
  return out;
}

double draw_sample(const Plane& plane, Draws draws, double noise, std::span<double> x) {
  double y = plane.bias;
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = draws.normal();
    y += plane.weights[i] * x[i];
  }
  return y + noise * draws.normal();
}

Table draw_table(const Plane& plane, int64_t first, int64_t count, double noise, int64_t seed) {
  size_t features = plane.weights.size();
  Tensor xs(DType::F64, {count, static_cast<int64_t>(features)}), ys(DType::F64, {count});
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    Draws draws("linear", seed, first + static_cast<int64_t>(i));
    ys.as<double>()[i] = draw_sample(plane, draws, noise, xs.as<double>().subspan(i * features, features));
  }
  Table table;
  table.push_back({"x", std::move(xs), ColumnRole::Input, {}, "linear", ""});
  table.push_back({"y", std::move(ys), ColumnRole::Label, {}, "linear", ""});
  return table;
}

Dataset load(const DataArguments& arguments) {
  int64_t n = arguments.integer("n", 1, kMostDrawn), seed = arguments.integer("seed");
  int64_t features = arguments.integer("features", 1, 100'000);
  double noise = arguments.number("noise", 0, 1e6);
  constexpr int64_t kMostValues = int64_t{1} << 28;
  if (n * features > kMostValues)
    throw Error(
        fmt::format("linear: {} samples of {} features are over {} values", n, features, kMostValues));
  Plane plane = draw_plane(features, seed);
  return {draw_table(plane, 0, n, noise, seed), draw_table(plane, n, test_share(n), noise, seed)};
}

}  // namespace

DataSource linear_source() {
  return {"linear",
          "x [features] and y = x · w + b + noise, drawn by the program; a fifth as many more for testing",
          {{"n", int64_t{1000}, false, false, "training samples"},
           {"features", int64_t{1}, false, false, "numbers in x"},
           {"noise", 0.1, false, false, "deviation of y from the linear function"},
           {"seed", int64_t{0}, false, false, "other seeds, another function and other samples"}},
          load};
}

}  // namespace nnc
