// A 64-bit fingerprint of bytes, by which files say what they belong to. It tells accidents apart, not forgeries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nnc {

class Digest {
 public:
  Digest& add(std::span<const std::byte> bytes);
  Digest& add(std::string_view text);
  Digest& add(int64_t number);
  /// 16 hexadecimal digits.
  std::string text() const;

 private:
  void word(uint64_t value);
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

}  // namespace nnc
