// A sample that is an image beside what its pixels contribute: grey or coloured as it is, and from blue over white to red.
#pragma once

#include <optional>
#include <vector>

#include "tools/nnc/explanation.h"
#include "tools/nnc/raster.h"

namespace nnc::tool {

/// How an input's elements are pixels: [H, W], [C, H, W], or [H, W, C] of one or three channels.
struct PixelLayout {
  int64_t height = 0, width = 0, channels = 1;
  bool channels_last = false;
  int64_t element(int64_t y, int64_t x, int64_t channel) const;
};
/// Of a sample; nothing where it is no image: a number, a vector, or something with more axes.
std::optional<PixelLayout> pixel_layout(const std::vector<int64_t>& shape);

/// Three channels are red, green and blue, others are averaged; black is the smallest element and white the largest.
Raster input_raster(const ExplainedInput& input, const PixelLayout& layout);
/// Of each pixel the sum over its channels, row by row.
std::vector<double> pixel_attributions(const ExplainedInput& input, const PixelLayout& layout);
/// The largest one, whatever its sign, of those that are finite.
double strength_of(const std::vector<double>& attributions);
Raster attribution_raster(const std::vector<double>& attributions, const PixelLayout& layout);
/// From -1, blue, over 0, white, to 1, red; grey for NaN.
Rgb heat_colour(double share);

}  // namespace nnc::tool
