// An axis of a chart: the range its values need, linear or logarithmic, and ticks at round numbers.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace nnc::tool {

struct Tick {
  double value = 0;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;  // ascending, within the range

  /// 0 at the low end and below, 1 at the high one; the value must be finite, and positive on a logarithmic axis.
  double place(double value) const;
};

/// Covers the finite ones of the values with `ticks` ticks or up to twice as many; logarithmic where they are positive and span two
/// decades or more. Without any finite value it is 0 to 1.
Axis value_axis(std::span<const double> values, int ticks);
/// From the first to the last of ascending whole numbers, ticks at whole numbers.
Axis count_axis(double first, double last, int ticks);

}  // namespace nnc::tool
