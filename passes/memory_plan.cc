#include "passes/memory_plan.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>

namespace nnc {
namespace {

int64_t aligned(int64_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// Buffers written in place of one another as one buffer that lives through all their lives.
struct Merged {
  std::vector<Lifetime> lives;
  std::vector<size_t> root_of;  // buffer → index of its merged life
};

Merged merge_shared(std::span<const Lifetime> buffers) {
  Merged out{{}, std::vector<size_t>(buffers.size())};
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Lifetime& b = buffers[i];
    if (b.shares < 0) {
      out.root_of[i] = out.lives.size();
      out.lives.push_back({aligned(b.bytes), b.first, b.last});
      continue;
    }
    assert(b.shares < static_cast<int64_t>(i));
    Lifetime& life = out.lives[out.root_of[i] = out.root_of[b.shares]];
    life = {std::max(life.bytes, aligned(b.bytes)), std::min(life.first, b.first),
            std::max(life.last, b.last)};
  }
  return out;
}

// The lowest offset at which `life` fits between the placed buffers that live at the same time.
int64_t lowest_gap(const Lifetime& life, std::span<const Lifetime> lives, const std::vector<int64_t>& offsets,
                   const std::vector<size_t>& placed) {
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t i : placed) {
    if (overlap(life, lives[i])) taken.emplace_back(offsets[i], offsets[i] + lives[i].bytes);
  }
  std::sort(taken.begin(), taken.end());
  int64_t at = 0;
  for (auto [from, to] : taken) {
    if (from - at >= life.bytes) break;
    at = std::max(at, to);
  }
  return at;
}

int64_t most_alive(std::span<const Lifetime> lives) {
  std::map<int64_t, int64_t> change;  // step → bytes that begin minus bytes that ended
  for (const Lifetime& l : lives) {
    change[l.first] += l.bytes;
    change[l.last + 1] -= l.bytes;
  }
  int64_t now = 0, most = 0;
  for (auto [step, delta] : change) most = std::max(most, now += delta);
  return most;
}

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> buffers) {
  Merged merged = merge_shared(buffers);
  std::vector<size_t> by_size(merged.lives.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return merged.lives[a].bytes > merged.lives[b].bytes; });
  std::vector<int64_t> offsets(merged.lives.size());
  std::vector<size_t> placed;
  MemoryPlan plan;
  for (size_t i : by_size) {
    offsets[i] = lowest_gap(merged.lives[i], merged.lives, offsets, placed);
    placed.push_back(i);
    plan.arena_bytes = std::max(plan.arena_bytes, offsets[i] + merged.lives[i].bytes);
  }
  for (size_t i = 0; i < buffers.size(); ++i) plan.offsets.push_back(offsets[merged.root_of[i]]);
  plan.lower_bound = most_alive(merged.lives);
  return plan;
}

}  // namespace nnc
