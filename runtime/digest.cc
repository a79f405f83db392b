#include "runtime/digest.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

namespace nnc {

// Multiply and rotate per word; the finish spreads the last words over all bits (Steele, Lea and Flood's mix).
void Digest::word(uint64_t value) { state_ = std::rotl((state_ ^ value) * 0xff51afd7ed558ccd, 29); }

Digest& Digest::add(std::span<const std::byte> bytes) {
  size_t at = 0;
  for (uint64_t value; at + 8 <= bytes.size(); at += 8) {
    std::memcpy(&value, &bytes[at], 8);
    word(value);
  }
  uint64_t last = 0;
  if (at < bytes.size()) std::memcpy(&last, &bytes[at], bytes.size() - at);
  word(last);
  word(bytes.size());
  return *this;
}

Digest& Digest::add(std::string_view text) { return add(std::as_bytes(std::span(text))); }

Digest& Digest::add(int64_t number) {
  word(static_cast<uint64_t>(number));
  return *this;
}

std::string Digest::text() const {
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return fmt::format("{:016x}", z ^ (z >> 31));
}

}  // namespace nnc
