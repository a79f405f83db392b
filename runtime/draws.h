// The random numbers of one sample of data that a program makes up, in the order they are asked for. Only
// + - * / and sqrt are used, which IEEE 754 defines to the bit, so that a seed means the same samples on every
// machine (what draws is compiled without fused multiply-add).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "ir/philox.h"

namespace nnc {

struct PlanePoint {
  double x = 0, y = 0;
};

/// Cosine and sine of an angle given in turns.
PlanePoint on_unit_circle(double turns);
/// Natural logarithm of a positive normal number.
double portable_log(double x);

/// The most samples a source draws.
constexpr int64_t kMostDrawn = 10'000'000;
/// How many samples there are to test beside n to train: a fifth as many.
inline int64_t test_share(int64_t n) { return std::max<int64_t>(1, n / 5); }

class Draws {
 public:
  /// `source` is the name of who draws: other names, other numbers.
  Draws(std::string_view source, int64_t seed, int64_t sample) : stream_(source, seed, sample) {}

  uint32_t word() {
    if (next_ % 4 == 0) words_ = stream_.block(next_ / 4);
    return words_[next_++ % 4];
  }
  /// Uniform over [0, 1), in steps of 2^-24 and 2^-53.
  float uniform() { return uniform_f32(word()); }
  double uniform_double() {
    uint32_t low = word();
    return uniform_f64(low, word());
  }
  /// Two independent numbers of mean 0 and deviation 1 (Box and Muller).
  PlanePoint normal_pair();
  double normal() { return normal_pair().x; }

 private:
  RandomStream stream_;
  PhiloxCounter words_{};
  uint64_t next_ = 0;
};

}  // namespace nnc
