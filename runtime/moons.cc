// Draws points on two interleaving half circles, the upper one class 0 (as scikit-learn's make_moons).
#include "runtime/data_source.h"
#include "runtime/drawn_points.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

Dataset load(const DataArguments& arguments) {
  int64_t seed = arguments.integer("seed");
  double noise = arguments.number("noise", 0, 1e6);
  auto draw = [&](int64_t sample) {
    Draws draws("moons", seed, sample);
    int64_t moon = sample % 2;
    PlanePoint p = on_unit_circle(draws.uniform_double() / 2), moved = draws.normal_pair();
    if (moon == 1) p = {1 - p.x, 0.5 - p.y};
    return LabelledPoint{{p.x + noise * moved.x, p.y + noise * moved.y}, moon};
  };
  return drawn_points("moons", arguments.integer("n", 2, kMostDrawn), draw);
}

}  // namespace

DataSource moons_source() {
  return {"moons",
          "points [2] on two half circles, drawn by the program, labelled 0 and 1; a fifth as many more for "
          "testing",
          {{"n", int64_t{1000}, false, false, "training samples"},
           {"noise", 0.1, false, false, "deviation of a point from its half circle, which has radius 1"},
           {"seed", int64_t{0}, false, false, "other seeds, other samples"}},
          load};
}

}  // namespace nnc
