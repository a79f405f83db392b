// The samples of one input or target: in memory as the model reads them, or as a file stores them, to be turned into
// what the model reads batch by batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace nnc {

/// What each byte of a text stands for; -1 for nothing.
using ByteCodes = std::array<int32_t, 256>;
/// Some rows of a table that stays as it is.
using RowList = std::shared_ptr<const std::vector<int64_t>>;

/// Where samples lie, and what they mean.
struct StoredValues {
  Tensor values;                                // a view; the leading axis counts what is stored
  RowList rows = {};                            // which of it the samples are; null: all
  std::shared_ptr<const ByteCodes> codes = {};  // of u8 values that are no numbers
};

class FieldValues {
 public:
  /// In memory as the model reads them.
  FieldValues(Tensor values);  // NOLINT(google-explicit-constructor): the usual case
  /// Read as `dtype` when they are gathered; `what`, "input 'x'", begins the message about values it cannot hold.
  FieldValues(StoredValues stored, DType dtype, std::string what);

  DType dtype() const { return dtype_; }
  /// [samples, …].
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t samples() const { return shape_[0]; }
  /// The size of all samples as the model reads them.
  int64_t bytes() const;
  bool in_memory() const { return !stored_.values.is_view(); }
  /// "f32[60000, 28, 28]".
  std::string type_str() const;

  /// Copies the samples, one after the other, to the front of `into`. Throws Error for a value that dtype cannot hold.
  void gather(std::span<const int64_t> samples, std::span<std::byte> into) const;
  /// All samples, in memory.
  Tensor load() const;
  /// Number i of all values, which are integers, as the model reads it.
  int64_t integer(int64_t i) const;
  FieldValues reshaped(std::vector<int64_t> sample_shape) &&;

  const StoredValues& stored() const { return stored_; }
  friend bool operator==(const FieldValues& a, const Tensor& b) { return a.load() == b; }
  friend bool operator==(const FieldValues& a, const FieldValues& b) { return a.load() == b.load(); }

 private:
  int64_t row_of(int64_t sample) const {
    return stored_.rows ? (*stored_.rows)[static_cast<size_t>(sample)] : sample;
  }
  void gather_as_stored(std::span<const int64_t> samples, std::byte* into) const;
  void convert_row(std::span<const std::byte> row, int64_t sample, std::byte* into) const;

  StoredValues stored_;
  DType dtype_;
  std::vector<int64_t> shape_;
  std::string what_;
};

}  // namespace nnc
