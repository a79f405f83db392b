#include "runtime/epoch_order.h"

#include <numeric>
#include <utility>

#include "runtime/batches.h"

namespace nnc {
namespace {

/// Fewer are shuffled in a few milliseconds.
constexpr int64_t kWorthAThread = 1 << 20;

}  // namespace

EpochOrder::EpochOrder(int64_t samples, bool shuffled, int64_t seed, int threads)
    : seed_(seed), shuffled_(shuffled), current_(static_cast<size_t>(samples)) {
  std::iota(current_.begin(), current_.end(), 0);
  if (!shuffled || samples < kWorthAThread || !helper_is_worthwhile(threads)) return;
  next_.resize(current_.size());
  helper_ = std::make_unique<HelperThread>([this] { shuffle_epoch(next_, seed_, next_epoch_); });
}

std::span<const int64_t> EpochOrder::of(int64_t epoch) {
  if (!shuffled_ || epoch == epoch_) return current_;
  std::exception_ptr error = helper_ ? helper_->finish() : nullptr;
  if (error) std::rethrow_exception(error);
  if (epoch == next_epoch_) {
    std::swap(current_, next_);
  } else {
    shuffle_epoch(current_, seed_, epoch);
  }
  epoch_ = epoch;
  if (helper_) next_epoch_ = epoch + 1, helper_->start();
  return current_;
}

}  // namespace nnc
