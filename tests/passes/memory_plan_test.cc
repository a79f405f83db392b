#include "passes/memory_plan.h"

#include <random>

#include <gtest/gtest.h>

namespace nnc {
namespace {

// No two buffers that live at the same time overlap, unless one is written in place of the other.
void expect_disjoint(const std::vector<Lifetime>& lives, const MemoryPlan& plan) {
  for (size_t i = 0; i < lives.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % kBufferAlignment, 0);
    EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.arena_bytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
      bool apart = plan.offsets[i] >= plan.offsets[j] + lives[j].bytes ||
                   plan.offsets[j] >= plan.offsets[i] + lives[i].bytes;
      EXPECT_TRUE(!together || apart) << i << " and " << j;
    }
  }
}

TEST(MemoryPlan, KeepsWhatLivesTogetherApart) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 g(seed);
    std::vector<Lifetime> lives;
    for (int i = 0; i < 30; ++i) {
      int64_t first = g() % 50;
      lives.push_back({static_cast<int64_t>(g() % 5000), first, first + static_cast<int64_t>(g() % 10), -1});
    }
    MemoryPlan plan = plan_memory(lives);
    expect_disjoint(lives, plan);
    EXPECT_GE(plan.arena_bytes, plan.lower_bound);
    EXPECT_LE(plan.arena_bytes, 2 * plan.lower_bound);
  }
}

TEST(MemoryPlan, ReusesWhatHasDied) {
  std::vector<Lifetime> chain = {{640, 0, 1, -1}, {640, 1, 2, -1}, {640, 2, 3, -1}, {640, 3, 4, -1}};
  EXPECT_EQ(plan_memory(chain).arena_bytes, 2 * 640);
}

TEST(MemoryPlan, WritesInPlaceWhereAsked) {
  std::vector<Lifetime> lives = {{640, 0, 1, -1}, {640, 1, 2, 0}};
  MemoryPlan plan = plan_memory(lives);
  EXPECT_EQ(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.arena_bytes, 640);
}

TEST(MemoryPlan, NothingNeedsNothing) {
  EXPECT_EQ(plan_memory({}).arena_bytes, 0);
  std::vector<Lifetime> empty = {{0, 0, 5, -1}};
  EXPECT_EQ(plan_memory(empty).arena_bytes, 0);
}

}  // namespace
}  // namespace nnc
