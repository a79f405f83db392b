#include "runtime/batches.h"

#include <cassert>
#include <cstring>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/philox.h"

namespace nnc {
namespace {

/// Rows of a size known to the compiler become plain moves instead of calls.
template <size_t kBytes>
void gather_fixed(const std::byte* from, std::span<const int64_t> rows, std::byte* to) {
  for (int64_t row : rows) {
    std::memcpy(to, from + static_cast<size_t>(row) * kBytes, kBytes);
    to += kBytes;
  }
}

}  // namespace

void shuffle_epoch(std::span<int64_t> order, int64_t seed, int64_t epoch) {
  if (order.size() > UINT32_MAX) throw Error(fmt::format("{} samples are too many to shuffle", order.size()));
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream("data.shuffle", seed, epoch);
  PhiloxCounter words{};
  for (size_t left = order.size(), drawn = 0; left > 1; --left, ++drawn) {
    if (drawn % 4 == 0) words = stream.block(drawn / 4);
    std::swap(order[left - 1], order[uint64_t{words[drawn % 4]} * left >> 32]);
  }
}

std::vector<int64_t> epoch_order(int64_t samples, int64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(samples));
  shuffle_epoch(order, seed, epoch);
  return order;
}

UpdateShare share_of(const Batches& batches, int64_t i, int64_t count) {
  int64_t first = i / count * count, end = std::min(first + count, batches.count());
  int64_t samples = (end - 1 - first) * batches.size(first) + batches.size(end - 1);
  return {static_cast<double>(batches.size(i)) / static_cast<double>(samples), i + 1 == end};
}

int64_t row_bytes(const Tensor& column) {
  int64_t samples = column.shape()[0];
  return samples == 0 ? 0 : static_cast<int64_t>(column.bytes().size()) / samples;
}

void gather_rows(const Tensor& column, std::span<const int64_t> rows, std::span<std::byte> into) {
  auto size = static_cast<size_t>(row_bytes(column));
  assert(rows.size() * size <= into.size());
  const std::byte* from = column.bytes().data();
  std::byte* to = into.data();
  if (size == 1) return gather_fixed<1>(from, rows, to);
  if (size == 4) return gather_fixed<4>(from, rows, to);
  if (size == 8) return gather_fixed<8>(from, rows, to);
  for (int64_t row : rows) {
    assert(row >= 0 && row < column.shape()[0]);
    std::memcpy(to, from + static_cast<size_t>(row) * size, size);
    to += size;
  }
}

}  // namespace nnc
