// Where each temporary lives in the arena: buffers whose lifetimes do not overlap share memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nnc {

/// A temporary: how large, and the first and last step (inclusive) at which it holds something needed. A buffer
/// with `shares` (an earlier buffer's number) is written in place of that one.
struct Lifetime {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t shares = -1;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // of each buffer, 64-byte aligned
  int64_t arena_bytes = 0;
  int64_t lower_bound = 0;  // the most that is needed at any one step: no plan is smaller
};

inline constexpr int64_t kBufferAlignment = 64;

/// Largest first, each at the lowest offset free during its whole life.
MemoryPlan plan_memory(std::span<const Lifetime> buffers);

}  // namespace nnc
