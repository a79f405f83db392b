// Row-major walks over an index space with one running offset per operand: how the interpreter sees permuted,
// broadcast, sliced and windowed tensors without a case for each.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace nnc {

/// Row-major strides in elements.
std::vector<int64_t> strides_of(const std::vector<int64_t>& shape);
int64_t product(const std::vector<int64_t>& extents);
/// values[axes[i]] for each i.
std::vector<int64_t> pick(const std::vector<int64_t>& values, const std::vector<int64_t>& axes);

/// A tensor's elements at offset + sum of index * strides.
struct View {
  int64_t offset = 0;
  std::vector<int64_t> strides;
};

/// Calls f(offsets) for every index of `shape`, the last axis fastest; offsets[n] is views[n]'s at that
/// index.
template <size_t N, class F>
void for_each_index(const std::vector<int64_t>& shape, const std::array<View, N>& views, F f) {
  for (int64_t n : shape) {
    if (n == 0) return;
  }
  std::array<int64_t, N> at;
  for (size_t k = 0; k < N; ++k) at[k] = views[k].offset;
  if (shape.empty()) return f(at);
  const size_t last = shape.size() - 1;
  std::vector<int64_t> index(shape.size(), 0);
  auto step = [&](size_t axis, int64_t times) {
    for (size_t k = 0; k < N; ++k) at[k] += views[k].strides[axis] * times;
  };
  while (true) {
    for (int64_t i = 0; i < shape[last]; ++i, step(last, 1)) f(at);
    step(last, -shape[last]);
    size_t axis = last;
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) {
      --axis;
      index[axis] = 0;
      step(axis, 1 - shape[axis]);
    }
    if (axis == 0) return;
    step(axis - 1, 1);
  }
}

}  // namespace nnc
