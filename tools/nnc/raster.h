// A picture of pixels, and as a PNG file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nnc::tool {

using Rgb = std::array<uint8_t, 3>;

class Raster {
 public:
  Raster(int64_t width, int64_t height, Rgb fill = {255, 255, 255})
      : width_(width), height_(height), pixels_(static_cast<size_t>(width * height), fill) {}

  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  Rgb& at(int64_t x, int64_t y) { return pixels_[static_cast<size_t>(y * width_ + x)]; }
  Rgb at(int64_t x, int64_t y) const { return pixels_[static_cast<size_t>(y * width_ + x)]; }

  /// Every pixel as a square of that many.
  Raster enlarged(int64_t factor) const;
  /// Puts the other one in, its corner at the top left being there; it must fit.
  void put(const Raster& other, int64_t x, int64_t y);

 private:
  int64_t width_, height_;
  std::vector<Rgb> pixels_;
};

/// 8-bit RGB, as ISO/IEC 15948 describes it.
std::string png_of(const Raster& raster);
std::string base64_of(std::string_view bytes);

}  // namespace nnc::tool
