// Draws points on spirals that wind around one another, an arm for each class: what no linear classifier
// separates. Points are spread evenly over the disc of radius 1, and then moved by the noise.
#include <cmath>

#include "runtime/data_source.h"
#include "runtime/drawn_points.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

Dataset load(const DataArguments& arguments) {
  int64_t classes = arguments.integer("classes", 1, 1000), seed = arguments.integer("seed");
  double noise = arguments.number("noise", 0, 1e6), turns = arguments.number("turns", -1e3, 1e3);
  auto draw = [&](int64_t sample) {
    Draws draws("spirals", seed, sample);
    int64_t arm = sample % classes;
    double radius = std::sqrt(draws.uniform_double());
    double start = static_cast<double>(arm) / static_cast<double>(classes);
    PlanePoint p = on_unit_circle(start + turns * radius), moved = draws.normal_pair();
    return LabelledPoint{{radius * p.x + noise * moved.x, radius * p.y + noise * moved.y}, arm};
  };
  return drawn_points("spirals", arguments.integer("n", classes, kMostDrawn), draw);
}

}  // namespace

DataSource spirals_source() {
  return {"spirals",
          "points [2] on spiral arms, drawn by the program, labelled by their arm; a fifth as many more for "
          "testing",
          {{"n", int64_t{1000}, false, false, "training samples"},
           {"classes", int64_t{2}, false, false, "arms"},
           {"noise", 0.02, false, false, "deviation of a point from its arm; the spiral has radius 1"},
           {"turns", 1.0, false, false, "how often an arm winds around the centre"},
           {"seed", int64_t{0}, false, false, "other seeds, other samples"}},
          load};
}

}  // namespace nnc
