#include "tools/nnc/raster.h"

#include <zlib.h>

#include "ir/error.h"

namespace nnc::tool {
namespace {

void append_u32(std::string& to, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xFF);
}

// Length, type, content, and a check sum of the last two.
void append_chunk(std::string& to, const std::string& type, const std::string& content) {
  append_u32(to, static_cast<uint32_t>(content.size()));
  std::string checked = type + content;
  to += checked;
  append_u32(to, static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(checked.data()),
                                             static_cast<uInt>(checked.size()))));
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                         reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_BEST_COMPRESSION);
  if (status != Z_OK) throw Error("zlib cannot compress the picture");
  out.resize(size);
  return out;
}

}  // namespace

Raster Raster::enlarged(int64_t factor) const {
  Raster out(width_ * factor, height_ * factor);
  for (int64_t y = 0; y < out.height_; ++y) {
    for (int64_t x = 0; x < out.width_; ++x) out.at(x, y) = at(x / factor, y / factor);
  }
  return out;
}

void Raster::put(const Raster& other, int64_t x, int64_t y) {
  for (int64_t row = 0; row < other.height_; ++row) {
    for (int64_t column = 0; column < other.width_; ++column) at(x + column, y + row) = other.at(column, row);
  }
}

std::string png_of(const Raster& raster) {
  std::string header, rows, out = "\x89PNG\r\n\x1a\n";
  append_u32(header, static_cast<uint32_t>(raster.width()));
  append_u32(header, static_cast<uint32_t>(raster.height()));
  header += {8, 2, 0, 0, 0};  // bits, RGB, deflate, filters by row, not interlaced
  for (int64_t y = 0; y < raster.height(); ++y) {
    rows += '\0';  // this row has no filter
    for (int64_t x = 0; x < raster.width(); ++x) {
      for (uint8_t channel : raster.at(x, y)) rows += static_cast<char>(channel);
    }
  }
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", deflated(rows));
  append_chunk(out, "IEND", "");
  return out;
}

std::string base64_of(std::string_view bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kDigits[word >> (18 - 6 * k) & 63];
  }
  return out;
}

}  // namespace nnc::tool
