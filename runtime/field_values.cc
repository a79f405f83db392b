#include "runtime/field_values.h"

#include <cstring>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/batches.h"
#include "runtime/convert.h"

namespace nnc {
namespace {

template <class To>
void look_up(std::span<const std::byte> from, const ByteCodes& codes, std::byte* into) {
  for (std::byte b : from) {
    auto value = static_cast<To>(codes[static_cast<size_t>(b)]);
    std::memcpy(into, &value, sizeof(To));
    into += sizeof(To);
  }
}

}  // namespace

FieldValues::FieldValues(Tensor values)
    : stored_{std::move(values)}, dtype_(stored_.values.dtype()), shape_(stored_.values.shape()) {}

FieldValues::FieldValues(StoredValues stored, DType dtype, std::string what)
    : stored_(std::move(stored)), dtype_(dtype), shape_(stored_.values.shape()), what_(std::move(what)) {
  if (stored_.rows) shape_[0] = static_cast<int64_t>(stored_.rows->size());
}

int64_t FieldValues::bytes() const {
  int64_t out = size_of(dtype_);
  for (int64_t n : shape_) out *= n;
  return out;
}

std::string FieldValues::type_str() const { return std::string(name_of(dtype_)) + to_string(shape_); }

void FieldValues::gather(std::span<const int64_t> samples, std::span<std::byte> into) const {
  if (in_memory()) return gather_rows(stored_.values, samples, into);
  if (!stored_.codes && stored_.values.dtype() == dtype_) return gather_as_stored(samples, into.data());
  auto size = static_cast<size_t>(row_bytes(stored_.values));
  std::byte* to = into.data();
  for (int64_t sample : samples) {
    convert_row(stored_.values.bytes().subspan(static_cast<size_t>(row_of(sample)) * size, size), sample, to);
    to += size / static_cast<size_t>(size_of(stored_.values.dtype())) * static_cast<size_t>(size_of(dtype_));
  }
}

void FieldValues::gather_as_stored(std::span<const int64_t> samples, std::byte* into) const {
  if (!stored_.rows)
    return gather_rows(stored_.values, samples,
                       {into, samples.size() * static_cast<size_t>(row_bytes(stored_.values))});
  auto size = static_cast<size_t>(row_bytes(stored_.values));
  for (int64_t sample : samples) {
    std::memcpy(into, &stored_.values.bytes()[static_cast<size_t>(row_of(sample)) * size], size);
    into += size;
  }
}

void FieldValues::convert_row(std::span<const std::byte> row, int64_t sample, std::byte* into) const {
  if (stored_.codes && dtype_ == DType::I32) return look_up<int32_t>(row, *stored_.codes, into);
  if (stored_.codes && dtype_ == DType::I64) return look_up<int64_t>(row, *stored_.codes, into);
  DType from = stored_.values.dtype();
  auto count = row.size() / static_cast<size_t>(size_of(from));
  int64_t bad = convert_elements(from, row.data(), dtype_, into, count);
  if (bad >= 0) throw_inexact(what_, from, row.data() + bad * size_of(from), dtype_, sample);
}

Tensor FieldValues::load() const {
  if (in_memory()) return stored_.values;
  Tensor out(dtype_, shape_);
  std::vector<int64_t> all(static_cast<size_t>(samples()));
  std::iota(all.begin(), all.end(), 0);
  gather(all, out.bytes());
  return out;
}

int64_t FieldValues::integer(int64_t i) const {
  int64_t width = samples() == 0 ? 1 : bytes() / size_of(dtype_) / samples();
  int64_t value = stored_.values.get_int(row_of(i / width) * width + i % width);
  return stored_.codes ? (*stored_.codes)[static_cast<size_t>(value)] : value;
}

FieldValues FieldValues::reshaped(std::vector<int64_t> sample_shape) && {
  FieldValues out(std::move(*this));
  sample_shape.insert(sample_shape.begin(), out.stored_.values.shape()[0]);
  out.stored_.values = std::move(out.stored_.values).reshaped(std::move(sample_shape));
  int64_t samples = out.samples();
  out.shape_ = out.stored_.values.shape();
  out.shape_[0] = samples;
  return out;
}

}  // namespace nnc
