#include "runtime/draws.h"

#include <cmath>

namespace nnc {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kLog2 = 0.69314718055994530942;

/// 1 - x/(1·2) + x²/(1·2·3·4) - …: the series of cosine (first = 1) and of sine over its angle (first = 2), x
/// being the angle squared; for angles up to an eighth of a turn.
double alternating_series(double x, int first) {
  double sum = 1;
  for (int n = first + 16; n >= first; n -= 2) sum = 1 - x / (n * (n + 1)) * sum;
  return sum;
}

}  // namespace

PlanePoint on_unit_circle(double turns) {
  double quarters = std::floor(4 * turns + 0.5);
  double angle = (turns - quarters / 4) * (2 * kPi);
  double c = alternating_series(angle * angle, 1), s = angle * alternating_series(angle * angle, 2);
  switch (static_cast<int>(quarters - 4 * std::floor(quarters / 4))) {
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    case 3:
      return {s, -c};
  }
  return {c, s};
}

// log(m 2^e) = e log 2 + 2 artanh((m - 1) / (m + 1)), m between √½ and √2.
double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752440) m *= 2, --exponent;
  double z = (m - 1) / (m + 1), sum = 0;
  for (int n = 25; n >= 1; n -= 2) sum = sum * (z * z) + 1.0 / n;
  return exponent * kLog2 + 2 * z * sum;
}

PlanePoint Draws::normal_pair() {
  double radius = std::sqrt(-2 * portable_log(1 - uniform_double()));
  PlanePoint p = on_unit_circle(uniform_double());
  return {radius * p.x, radius * p.y};
}

}  // namespace nnc
