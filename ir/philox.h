// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers, SC11): a block cipher as a random
// generator. Number i of a stream is a pure function of (key, counter, i), so any thread may draw any part in
// any order, and a run resumes by its counter alone. How the op `random` uses it is defined at RandomAttrs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace nnc {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

constexpr PhiloxCounter philox_round(PhiloxCounter c, PhiloxKey k) {
  uint64_t p0 = uint64_t{0xD2511F53} * c[0], p1 = uint64_t{0xCD9E8D57} * c[2];
  return {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
          static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
}

constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    counter = philox_round(counter, key);
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// 64-bit FNV-1a.
constexpr uint64_t fnv1a(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325u;
  for (char c : text) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return h;
}

/// The top 24 bits times 2^-24: uniform over [0, 1), 1 never comes.
constexpr float uniform_f32(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
/// The top 53 bits of high:low times 2^-53.
constexpr double uniform_f64(uint32_t low, uint32_t high) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

/// The numbers of one `random` node: stream(i) as RandomAttrs defines it.
class RandomStream {
 public:
  constexpr RandomStream(std::string_view key, int64_t seed, int64_t counter)
      : key_(split(static_cast<uint64_t>(seed) ^ fnv1a(key))),
        counter_(split(static_cast<uint64_t>(counter))) {}

  constexpr PhiloxCounter block(uint64_t i) const {
    PhiloxKey b = split(i);
    return philox4x32({b[0], b[1], counter_[0], counter_[1]}, key_);
  }
  /// Number k of a block: four of f32, two of f64.
  static constexpr float f32_of(const PhiloxCounter& words, size_t k) { return uniform_f32(words[k]); }
  static constexpr double f64_of(const PhiloxCounter& words, size_t k) {
    return uniform_f64(words[2 * k], words[2 * k + 1]);
  }
  constexpr float f32(uint64_t i) const { return f32_of(block(i / 4), i % 4); }
  constexpr double f64(uint64_t i) const { return f64_of(block(i / 2), i % 2); }

 private:
  static constexpr std::array<uint32_t, 2> split(uint64_t x) {
    return {static_cast<uint32_t>(x), static_cast<uint32_t>(x >> 32)};
  }
  PhiloxKey key_;
  std::array<uint32_t, 2> counter_;
};

}  // namespace nnc
