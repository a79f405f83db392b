#include "runtime/feeder.h"

#include "runtime/batches.h"

namespace nnc {

Feeder::Feeder(const BoundTable& table, int64_t batch, bool targets) {
  for (const Tensor& t : table.inputs) columns_.push_back(&t);
  for (const Tensor& t : table.targets) {
    if (targets) columns_.push_back(&t);
  }
  for (const Tensor* t : columns_) {
    std::vector<int64_t> shape = t->shape();
    shape[0] = batch;
    buffers_.emplace_back(t->dtype(), std::move(shape));
  }
  pointers_.resize(columns_.size());
}

const InputPointers& Feeder::gather(std::span<const int64_t> rows) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    gather_rows(*columns_[i], rows, buffers_[i].bytes());
    pointers_[i] = buffers_[i].bytes().data();
  }
  return pointers_;
}

const InputPointers& Feeder::whole_table() {
  for (size_t i = 0; i < columns_.size(); ++i) pointers_[i] = columns_[i]->bytes().data();
  return pointers_;
}

}  // namespace nnc
