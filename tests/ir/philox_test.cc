#include "ir/philox.h"

#include <gtest/gtest.h>

namespace nnc {
namespace {

// The known answers published with Random123 (tests/kat_vectors, philox4x32 10).
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
              PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
              PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
static_assert(fnv1a("") == 0xcbf29ce484222325u && fnv1a("foobar") == 0x85944171f73967e8u);
static_assert(uniform_f32(~0u) < 1 && uniform_f64(~0u, ~0u) < 1);

TEST(Philox, StreamDrawsWordsOfConsecutiveBlocks) {
  RandomStream s("", 7, 3);
  uint64_t key = 7 ^ fnv1a("");
  PhiloxCounter block =
      philox4x32({1, 0, 3, 0}, {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)});
  EXPECT_EQ(s.f32(6), uniform_f32(block[2]));
  EXPECT_EQ(s.f64(3), uniform_f64(block[2], block[3]));
}

TEST(Philox, StreamsOfKeysSeedsAndCountersDiffer) {
  RandomStream a("drop1", 0, 0), b("drop2", 0, 0), c("drop1", 1, 0), d("drop1", 0, 1);
  EXPECT_NE(a.f64(0), b.f64(0));
  EXPECT_NE(a.f64(0), c.f64(0));
  EXPECT_NE(a.f64(0), d.f64(0));
}

TEST(Philox, NumbersAreUniform) {
  RandomStream s("x", 1, 2);
  const int n = 20000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    double u = s.f32(static_cast<uint64_t>(i));
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / n, 1.0 / 2, 0.01);
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.01);
}

}  // namespace
}  // namespace nnc
