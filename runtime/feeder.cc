#include "runtime/feeder.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace nnc {
namespace {

/// Below that, copying a batch takes no longer than waking a thread and waiting for it.
constexpr int64_t kWorthAThread = 256 << 10;

}  // namespace

Feeder::Feeder(const BoundTable& table, int64_t batch, bool targets, int threads) {
  for (const FieldValues& t : table.inputs) columns_.push_back(&t);
  for (const FieldValues& t : table.targets) {
    if (targets) columns_.push_back(&t);
  }
  current_ = room_for(batch);
  whole_.resize(columns_.size());
  int64_t bytes = 0;
  for (const Tensor& t : current_.columns) bytes += static_cast<int64_t>(t.bytes().size());
  if (!helper_is_worthwhile(threads) || batch >= table.samples || bytes < kWorthAThread) return;
  next_ = room_for(batch);
  wanted_.reserve(static_cast<size_t>(batch));
  helper_ = std::make_unique<HelperThread>([this] { gather_into(next_, wanted_); });
}

Feeder::Batch Feeder::room_for(int64_t rows) const {
  Batch out;
  for (const FieldValues* t : columns_) {
    std::vector<int64_t> shape = t->shape();
    shape[0] = rows;
    out.columns.emplace_back(t->dtype(), std::move(shape));
  }
  for (Tensor& t : out.columns) out.pointers.push_back(t.bytes().data());
  return out;
}

void Feeder::gather_into(Batch& batch, std::span<const int64_t> rows) const {
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i]->gather(rows, batch.columns[i].bytes());
}

const InputPointers& Feeder::gather(std::span<const int64_t> rows) {
  std::exception_ptr error = helper_ ? helper_->finish() : nullptr;
  bool foreseen = !rows.empty() && std::ranges::equal(rows, wanted_);
  wanted_.clear();
  if (foreseen && error) std::rethrow_exception(error);
  if (foreseen) {
    std::swap(current_, next_);
  } else {
    gather_into(current_, rows);
  }
  return current_.pointers;
}

void Feeder::ahead(std::span<const int64_t> rows) {
  if (!helper_ || rows.empty()) return;
  helper_->finish();
  wanted_.assign(rows.begin(), rows.end());
  helper_->start();
}

const InputPointers& Feeder::whole_table() {
  if (!std::ranges::all_of(columns_, &FieldValues::in_memory)) {
    std::vector<int64_t> all(static_cast<size_t>(columns_[0]->samples()));
    std::iota(all.begin(), all.end(), 0);
    return gather(all);
  }
  for (size_t i = 0; i < columns_.size(); ++i) whole_[i] = columns_[i]->stored().values.bytes().data();
  return whole_;
}

}  // namespace nnc
