// A dense host tensor: element type, extents, row-major elements in storage of its own, or a view of elements that
// somebody else keeps. The currency of the interpreter, constant folding, data loading, weight files and tests.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ir/dtype.h"
#include "ir/literal.h"

namespace nnc {

/// The element type behind each C++ type. bf16 is its bits (uint16_t), bool is a byte holding 0 or 1.
template <class T>
constexpr bool holds(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return std::is_same_v<T, float>;
    case DType::F64:
      return std::is_same_v<T, double>;
    case DType::BF16:
      return std::is_same_v<T, uint16_t>;
    case DType::I32:
      return std::is_same_v<T, int32_t>;
    case DType::I64:
      return std::is_same_v<T, int64_t>;
    case DType::U8:
    case DType::Bool:
      return std::is_same_v<T, uint8_t>;
  }
  return false;
}

/// A moved-from tensor may only be assigned to or destroyed.
class Tensor {
 public:
  static constexpr size_t kAlignment = 64;

  /// An f32 scalar 0.
  Tensor() : Tensor(DType::F32, {}) {}
  /// Zeros. Throws Error for a negative extent, a size past 63 bits, or memory that is not there.
  Tensor(DType dtype, std::vector<int64_t> shape);
  /// The same, for what kernels read and write together, as a weight and its moments: large ones begin at different places of
  /// a page. Copies lie anywhere.
  static Tensor apart(DType dtype, std::vector<int64_t> shape);
  Tensor(const Tensor& other);
  Tensor(Tensor&& other) noexcept = default;
  Tensor& operator=(const Tensor& other);
  Tensor& operator=(Tensor&& other) noexcept = default;

  static Tensor zeros(DType dtype, std::vector<int64_t> shape) { return Tensor(dtype, std::move(shape)); }
  static Tensor filled(std::vector<int64_t> shape, Literal value);
  static Tensor scalar(Literal value) { return filled({}, value); }
  static Tensor scalar(DType dtype, double value) { return filled({}, Literal::from_double(dtype, value)); }
  /// Row-major `values`, each rounded to `dtype` as `cast` does. Throws Error unless there are as many as
  /// elements.
  static Tensor from(DType dtype, std::vector<int64_t> shape, std::span<const double> values);
  static Tensor from(DType dtype, std::vector<int64_t> shape, std::initializer_list<double> values) {
    return from(dtype, std::move(shape), std::span(values.begin(), values.size()));
  }

  /// Elements that lie elsewhere, aligned to their size, for as long as somebody holds `elements`: nothing is copied,
  /// not by copying the tensor either. They are only read; whoever writes to a view breaks that.
  static Tensor view(DType dtype, std::vector<int64_t> shape, std::shared_ptr<const std::byte> elements);
  bool is_view() const { return storage_.get_deleter().owner != nullptr; }

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t count() const { return count_; }
  /// "f32[64, 784]".
  std::string type_str() const;

  std::span<std::byte> bytes() { return {storage_.get(), byte_size()}; }
  std::span<const std::byte> bytes() const { return {storage_.get(), byte_size()}; }
  template <class T>
  std::span<T> as() {
    assert(holds<T>(dtype_));
    return {reinterpret_cast<T*>(storage_.get()), static_cast<size_t>(count_)};
  }
  template <class T>
  std::span<const T> as() const {
    assert(holds<T>(dtype_));
    return {reinterpret_cast<const T*>(storage_.get()), static_cast<size_t>(count_)};
  }

  /// Element i in row-major order, whatever the type; set rounds as `cast` does.
  double get(int64_t i) const { return literal(i).as_double(); }
  int64_t get_int(int64_t i) const { return literal(i).as_int(); }
  void set(int64_t i, double value) { set(i, Literal::from_double(dtype_, value)); }
  void set_int(int64_t i, int64_t value) { set(i, Literal::from_int(dtype_, value)); }
  Literal literal(int64_t i) const;
  /// `value` must have the tensor's type.
  void set(int64_t i, Literal value);

  /// Every element converted by `cast`'s rules.
  Tensor cast(DType to) const;
  /// The same elements under another shape of as many elements; an Error otherwise.
  Tensor reshaped(std::vector<int64_t> shape) const&;
  Tensor reshaped(std::vector<int64_t> shape) &&;

  /// Same type, same shape, same bits: NaN equals itself, -0 differs from +0.
  bool operator==(const Tensor& other) const;

 private:
  size_t byte_size() const { return static_cast<size_t>(count_ * size_of(dtype_)); }

  struct Release {
    std::shared_ptr<const void> owner;  // of a view's elements
    int64_t start;                      // of elements of its own in their memory
    void operator()(std::byte* p) const {
      if (!owner) std::free(p - start);
    }
  };
  struct Unallocated {};
  Tensor(Unallocated, DType dtype, std::vector<int64_t> shape);
  void allocate(bool apart);

  DType dtype_ = DType::F32;
  int64_t count_ = 0;
  std::vector<int64_t> shape_;
  std::unique_ptr<std::byte, Release> storage_;
};

/// "[64, 784]".
std::string to_string(const std::vector<int64_t>& shape);

}  // namespace nnc
