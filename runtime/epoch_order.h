// The order in which each epoch sees the samples. That of the next epoch may be shuffled by another thread during
// this one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/helper_thread.h"

namespace nnc {

class EpochOrder {
 public:
  /// `shuffled` by seed and epoch, else as the data are. A thread of its own works ahead where the program has
  /// `threads` of two or more and there are samples enough to be worth it.
  EpochOrder(int64_t samples, bool shuffled, int64_t seed, int threads);

  /// Valid until the next call. Throws Error for too many samples to shuffle.
  std::span<const int64_t> of(int64_t epoch);

 private:
  int64_t seed_, epoch_ = 0, next_epoch_ = 0;  // epochs begin at 1; 0: in the order of the data
  bool shuffled_;
  std::vector<int64_t> current_, next_;
  std::unique_ptr<HelperThread> helper_;
};

}  // namespace nnc
