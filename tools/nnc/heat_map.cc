#include "tools/nnc/heat_map.h"

#include <algorithm>
#include <cmath>

namespace nnc::tool {
namespace {

constexpr Rgb kBlue = {33, 102, 172}, kWhite = {247, 247, 247}, kRed = {178, 24, 43}, kGrey = {128, 128, 128};

bool is_colour(int64_t channels) { return channels == 1 || channels == 3; }

/// The range of an input's finite elements.
struct Range {
  double low = 0, high = 0;
  uint8_t grey(double value) const {
    if (!(high > low) || std::isnan(value)) return 128;
    return static_cast<uint8_t>(std::lround(255 * std::clamp((value - low) / (high - low), 0.0, 1.0)));
  }
};

Range range_of(const Tensor& t) {
  Range out{INFINITY, -INFINITY};
  for (int64_t i = 0; i < t.count(); ++i) {
    if (!std::isfinite(t.get(i))) continue;
    out.low = std::min(out.low, t.get(i));
    out.high = std::max(out.high, t.get(i));
  }
  return out;
}

double mean_of_channels(const Tensor& t, const PixelLayout& l, int64_t y, int64_t x) {
  double sum = 0;
  for (int64_t c = 0; c < l.channels; ++c) sum += t.get(l.element(y, x, c));
  return sum / static_cast<double>(l.channels);
}

}  // namespace

int64_t PixelLayout::element(int64_t y, int64_t x, int64_t channel) const {
  return channels_last ? (y * width + x) * channels + channel : (channel * height + y) * width + x;
}

std::optional<PixelLayout> pixel_layout(const std::vector<int64_t>& s) {
  std::optional<PixelLayout> out;
  if (s.size() == 2) out = {s[0], s[1]};
  if (s.size() == 3) out = {s[1], s[2], s[0]};
  if (s.size() == 3 && is_colour(s[2]) && !is_colour(s[0])) out = {s[0], s[1], s[2], true};
  if (out && (out->height < 2 || out->width < 2)) return std::nullopt;
  return out;
}

Raster input_raster(const ExplainedInput& input, const PixelLayout& l) {
  Raster out(l.width, l.height);
  Range range = range_of(input.values);
  for (int64_t y = 0; y < l.height; ++y) {
    for (int64_t x = 0; x < l.width; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        double value =
            l.channels == 3 ? input.values.get(l.element(y, x, c)) : mean_of_channels(input.values, l, y, x);
        out.at(x, y)[c] = range.grey(value);
      }
    }
  }
  return out;
}

std::vector<double> pixel_attributions(const ExplainedInput& input, const PixelLayout& l) {
  std::vector<double> out;
  for (int64_t y = 0; y < l.height; ++y) {
    for (int64_t x = 0; x < l.width; ++x) {
      out.push_back(mean_of_channels(input.attributions, l, y, x) * static_cast<double>(l.channels));
    }
  }
  return out;
}

double strength_of(const std::vector<double>& attributions) {
  double out = 0;
  for (double a : attributions) {
    if (std::isfinite(a)) out = std::max(out, std::abs(a));
  }
  return out;
}

Raster attribution_raster(const std::vector<double>& attributions, const PixelLayout& l) {
  Raster out(l.width, l.height);
  double strength = strength_of(attributions);
  for (int64_t i = 0; i < l.width * l.height; ++i)
    out.at(i % l.width, i / l.width) =
        heat_colour(strength > 0 ? attributions[i] / strength : 0 * attributions[i]);
  return out;
}

Rgb heat_colour(double share) {
  if (std::isnan(share)) return kGrey;
  const Rgb& end = share < 0 ? kBlue : kRed;
  double part = std::min(std::abs(share), 1.0);
  Rgb out;
  for (size_t c = 0; c < 3; ++c)
    out[c] = static_cast<uint8_t>(std::lround(kWhite[c] + part * (end[c] - kWhite[c])));
  return out;
}

}  // namespace nnc::tool
