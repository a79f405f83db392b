// Curves over the epochs of a run as inline SVG, coloured by the classes of the page around it.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace nnc::tool {

struct Curve {
  std::string name;            // "train"
  std::string css;             // class of its line
  std::vector<double> values;  // one per epoch; what is not finite is a gap
};

/// A figure: title and legend with each curve's last value, then the chart. Curves of many points are thinned to the
/// extremes of each pixel or two.
std::string curve_figure(const std::string& title, std::span<const double> epochs,
                         const std::vector<Curve>& curves);

/// Indices of at most `most` points to draw, ascending: all where there are no more, else the first, the last, and the
/// lowest and the highest of each stretch between. A stretch without a finite value gives one that is not.
std::vector<size_t> thinned(std::span<const double> values, size_t most);

/// The page's rules for such figures.
extern const char* const kChartStyle;

}  // namespace nnc::tool
