#include "ir/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/dim.h"
#include "ir/error.h"

namespace nnc {
namespace {

int64_t count_of(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t n : shape) {
    if (n < 0) throw Error("a tensor cannot have the shape " + to_string(shape));
    count = checked_mul(count, n);
  }
  return count;
}

constexpr int64_t kPage = 4 << 10, kHugePage = 2 << 20;

// Where in a page the next tensor that is to lie apart begins. Kernels read the same rows of a weight and of its moments one
// after another: of rows whole pages apart, those of all three would share a few sets of the first-level cache. And what a
// tile stores should not lie where its neighbour reads: in the same places of other pages a core takes the one for the other.
// Eight places, those of a few tensors made together far apart.
int64_t next_place_in_page() {
  constexpr int64_t kStep = 2560;
  static std::atomic<uint32_t> places{0};
  return places.fetch_add(1, std::memory_order_relaxed) * kStep % kPage;
}

// Whole units that `bytes` fill, the last by half or more, so that little memory is spent on much alignment.
int64_t mostly_full(int64_t bytes, int64_t unit) { return checked_add(bytes, unit / 2) / unit * unit; }

}  // namespace

std::string to_string(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Tensor::Tensor(Unallocated, DType dtype, std::vector<int64_t> shape)
    : dtype_(dtype), count_(count_of(shape)), shape_(std::move(shape)) {}

// Whole cache lines, so that a vector load at the end stays inside; for much memory huge pages, where the system has them:
// otherwise finding its pages takes longer than reading them.
void Tensor::allocate(bool apart) {
  constexpr int64_t kLine = kAlignment, kLarge = 16 * kPage;
  const int64_t bytes = checked_mul(std::max<int64_t>(count_, 1), size_of(dtype_));
  const bool paged = apart && bytes >= kLarge;
  const int64_t start = paged ? next_place_in_page() : 0;
  const int64_t end = checked_add(bytes, start + kLine - 1) / kLine * kLine;
  const int64_t huge = bytes >= 2 * kHugePage ? mostly_full(end, kHugePage) : 0;
  const int64_t unit = huge > 0 ? kHugePage : paged ? kPage : kLine;
  void* base = nullptr;
  if (posix_memalign(&base, static_cast<size_t>(unit), static_cast<size_t>(std::max(end, huge))) != 0)
    throw Error(fmt::format("no memory for {}{}", name_of(dtype_), to_string(shape_)));
#ifdef MADV_HUGEPAGE
  if (huge > 0) madvise(base, static_cast<size_t>(huge), MADV_HUGEPAGE);
#endif
  storage_ = {static_cast<std::byte*>(base) + start, Release{nullptr, start}};
  std::memset(storage_.get(), 0, static_cast<size_t>(bytes));
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape) : Tensor(Unallocated(), dtype, std::move(shape)) {
  allocate(false);
}

Tensor Tensor::apart(DType dtype, std::vector<int64_t> shape) {
  Tensor out(Unallocated(), dtype, std::move(shape));
  out.allocate(true);
  return out;
}

Tensor::Tensor(const Tensor& other) : Tensor(Unallocated(), other.dtype_, other.shape_) {
  if (other.is_view()) {
    storage_ = {other.storage_.get(), other.storage_.get_deleter()};
    return;
  }
  allocate(false);
  std::memcpy(storage_.get(), other.storage_.get(), byte_size());
}

Tensor Tensor::view(DType dtype, std::vector<int64_t> shape, std::shared_ptr<const std::byte> elements) {
  Tensor out(Unallocated(), dtype, std::move(shape));
  assert(reinterpret_cast<uintptr_t>(elements.get()) % static_cast<uintptr_t>(size_of(dtype)) == 0);
  auto* start = const_cast<std::byte*>(elements.get());
  out.storage_ = {start, Release{std::move(elements), 0}};
  return out;
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

Tensor Tensor::filled(std::vector<int64_t> shape, Literal value) {
  Tensor out(value.dtype, std::move(shape));
  for (int64_t i = 0; i < out.count_; ++i) out.set(i, value);
  return out;
}

Tensor Tensor::from(DType dtype, std::vector<int64_t> shape, std::span<const double> values) {
  Tensor out(dtype, std::move(shape));
  if (static_cast<int64_t>(values.size()) != out.count_) {
    throw Error(fmt::format("{} has {} elements, not {}", out.type_str(), out.count_, values.size()));
  }
  for (int64_t i = 0; i < out.count_; ++i) out.set(i, values[static_cast<size_t>(i)]);
  return out;
}

std::string Tensor::type_str() const { return std::string(name_of(dtype_)) + to_string(shape_); }

Literal Tensor::literal(int64_t i) const {
  assert(i >= 0 && i < count_);
  Literal out{dtype_, 0};
  auto size = static_cast<size_t>(size_of(dtype_));
  std::memcpy(&out.bits, storage_.get() + static_cast<size_t>(i) * size, size);  // little-endian hosts
  return out;
}

void Tensor::set(int64_t i, Literal value) {
  assert(i >= 0 && i < count_ && value.dtype == dtype_);
  auto size = static_cast<size_t>(size_of(dtype_));
  std::memcpy(storage_.get() + static_cast<size_t>(i) * size, &value.bits, size);
}

Tensor Tensor::cast(DType to) const {
  if (to == dtype_) return *this;
  Tensor out(to, shape_);
  for (int64_t i = 0; i < count_; ++i) out.set(i, cast_literal(literal(i), to));
  return out;
}

Tensor Tensor::reshaped(std::vector<int64_t> shape) const& {
  return Tensor(*this).reshaped(std::move(shape));
}

Tensor Tensor::reshaped(std::vector<int64_t> shape) && {
  if (count_of(shape) != count_) {
    throw Error(fmt::format("{} cannot take the shape {}", type_str(), to_string(shape)));
  }
  Tensor out(std::move(*this));
  out.shape_ = std::move(shape);
  return out;
}

bool Tensor::operator==(const Tensor& other) const {
  return dtype_ == other.dtype_ && shape_ == other.shape_ &&
         std::memcmp(storage_.get(), other.storage_.get(), byte_size()) == 0;
}

}  // namespace nnc
