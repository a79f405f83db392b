// Just enough UTF-8 to show text that may be any bytes: decoding, what a terminal must not be sent, and
// widths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nnc::utf8 {

struct Char {
  uint32_t code;
  size_t size;  // bytes, at least 1
  bool valid;
};

/// The character at byte `at` (< text.size()); an invalid byte is one character of size 1.
Char decode(std::string_view text, size_t at);
bool is_control(uint32_t code);
/// Columns a terminal uses: 0 for combining marks, 2 for East Asian wide ones, else 1.
size_t width(uint32_t code);
/// Invalid bytes become U+FFFD, and so do control characters unless they are kept.
std::string sanitize(std::string_view text, bool keep_control = false);

}  // namespace nnc::utf8
