#include "runtime/measures.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/error.h"

namespace nnc {
namespace {

/// One output of a function after a run.
struct OutputView {
  DType dtype;
  const std::byte* data;
  int64_t count;

  double get(int64_t i) const {
    if (dtype == DType::F32) return at<float>(i);
    if (dtype == DType::F64) return at<double>(i);
    Literal value{dtype, 0};
    std::memcpy(&value.bits, data + i * size_of(dtype), size_of(dtype));
    return value.as_double();
  }
  template <class T>
  T at(int64_t i) const {
    T out;
    std::memcpy(&out, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return out;
  }
};

OutputView output_of(const Function& f, size_t index, const Bindings& dims) {
  const Type& type = f.outputs()[index].type;
  return {type.dtype, f.output(index), element_count(type.shape, dims)};
}

void add_mean(const OutputView& out, int64_t samples, std::vector<double>& sums) {
  sums[0] += out.get(0) * static_cast<double>(samples);
  sums[1] += static_cast<double>(samples);
}

void add_counts(const MeasureSpec& spec, const OutputView& out, std::vector<double>& sums) {
  assert(out.dtype == DType::I64);
  for (int64_t i = 0; i < out.count; ++i) {
    auto index = out.at<int64_t>(i);
    if (index >= spec.width)
      throw Error(
          fmt::format("{}: the target of example {} of a batch is no class of the model", spec.name, i));
    if (index >= 0) ++sums[index];
  }
}

// Two sets' moments as those of their union (Chan, Golub and LeVeque 1979), column by column.
void add_moments(const OutputView& out, int64_t rows, std::vector<double>& sums) {
  int64_t columns = out.count / 3;
  double before = sums[0], added = static_cast<double>(rows), total = before + added;
  if (rows == 0) return;
  for (int64_t c = 0; c < columns; ++c) {
    double &mean = sums[1 + c], &distances = sums[1 + columns + c], &errors = sums[1 + 2 * columns + c];
    double delta = out.get(c) - mean;
    mean += delta * added / total;
    distances += out.get(columns + c) + delta * delta * before * added / total;
    errors += out.get(2 * columns + c);
  }
  sums[0] = total;
}

ConfusionMatrix matrix_of(const MeasureSpec& spec, const std::vector<double>& counts) {
  ConfusionMatrix out{.classes = spec.classes};
  if (spec.classes > 0) out.counts.assign(counts.begin(), counts.end());
  return out;
}

}  // namespace

MeasureSums empty_sums(std::span<const MeasureSpec> specs) {
  MeasureSums out;
  for (const MeasureSpec& spec : specs) out.emplace_back(spec.fold == Fold::Rows ? 0 : spec.width);
  return out;
}

void reserve_sums(std::span<const MeasureSpec> specs, const Function& f, const Bindings& dims,
                  MeasureSums& sums) {
  for (size_t m = 0; m < specs.size(); ++m) {
    if (specs[m].fold == Fold::Rows)
      sums[m].reserve(static_cast<size_t>(element_count(f.outputs()[m].type.shape, dims)));
  }
}

void add_batch(std::span<const MeasureSpec> specs, const Function& f, const Bindings& dims, int64_t samples,
               MeasureSums& sums) {
  for (size_t m = 0; m < specs.size(); ++m) {
    OutputView out = output_of(f, m, dims);
    switch (specs[m].fold) {
      case Fold::Mean:
        add_mean(out, samples, sums[m]);
        break;
      case Fold::Sum:
        for (int64_t i = 0; i < out.count; ++i) sums[m][i] += out.get(i);
        break;
      case Fold::Count:
        add_counts(specs[m], out, sums[m]);
        break;
      case Fold::Moments:
        add_moments(out, specs[m].examples.evaluate(dims), sums[m]);
        break;
      case Fold::Rows:
        for (int64_t i = 0; i < out.count; ++i) sums[m].push_back(out.get(i));
        break;
    }
  }
}

std::vector<Measure> finish_measures(std::span<const MeasureSpec> specs, const MeasureSums& sums) {
  std::vector<Measure> out;
  for (size_t m = 0; m < specs.size(); ++m) {
    const MeasureSpec& spec = specs[m];
    out.push_back(
        {spec.name, spec.end(spec, sums[m]), matrix_of(spec, sums[m]), spec.has_value, spec.target});
  }
  return out;
}

bool is_length_of(const MeasureSpec& spec, int64_t length) {
  return spec.fold == Fold::Rows ? length % spec.width == 0 : length == spec.width;
}

}  // namespace nnc
