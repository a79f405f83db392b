// How samples become batches: an order for each epoch, cut into batches of which the last may be smaller, and
// the copy of a batch's rows into the buffer a program reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/tensor.h"

namespace nnc {

/// A permutation of 0 … order.size()-1 that depends on seed and epoch alone (Fisher and Yates, drawn from
/// Philox). Throws Error for 2^32 samples or more.
void shuffle_epoch(std::span<int64_t> order, int64_t seed, int64_t epoch);
std::vector<int64_t> epoch_order(int64_t samples, int64_t seed, int64_t epoch);

/// Batches of `batch` samples (0: all in one), the last with what remains.
class Batches {
 public:
  Batches(int64_t samples, int64_t batch)
      : samples_(samples),
        batch_(batch > 0 ? std::min(batch, std::max<int64_t>(samples, 1)) : std::max<int64_t>(samples, 1)) {}

  int64_t count() const { return (samples_ + batch_ - 1) / batch_; }
  /// The most samples a batch has.
  int64_t largest() const { return std::min(batch_, samples_); }
  int64_t size(int64_t i) const { return std::min(batch_, samples_ - i * batch_); }
  /// None behind the last batch.
  std::span<const int64_t> rows(int64_t i, std::span<const int64_t> order) const {
    if (i >= count()) return {};
    return order.subspan(static_cast<size_t>(i * batch_), static_cast<size_t>(size(i)));
  }

 private:
  int64_t samples_, batch_;
};

/// A batch's part in the update that `count` consecutive batches of an epoch make together.
struct UpdateShare {
  double share = 1;  // of the samples of those batches
  bool last = true;  // of them: the update follows
};
/// Of batch number i. At an epoch's end the last update takes what remains.
UpdateShare share_of(const Batches& batches, int64_t i, int64_t count);

/// Bytes of one sample of the column.
int64_t row_bytes(const Tensor& column);

/// Copies the rows, one after the other, to the front of `into`, which has room for them.
void gather_rows(const Tensor& column, std::span<const int64_t> rows, std::span<std::byte> into);

}  // namespace nnc
