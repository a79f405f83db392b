// gather and scatter_add. Both see data as [outer, axis, inner] and indices as a flat list.
#include <algorithm>

#include "ir/op_call.h"
#include "ir/scalar_ops.h"
#include "ir/visit_dtype.h"

namespace nnc {
namespace {

struct Blocks {
  int64_t outer = 1, axis = 1, inner = 1;
};

Blocks blocks_of(const Tensor& data, int64_t axis) {
  Blocks out;
  for (int64_t i = 0; i < data.rank(); ++i) {
    int64_t& part = i < axis ? out.outer : i == axis ? out.axis : out.inner;
    part *= data.shape()[static_cast<size_t>(i)];
  }
  return out;
}

// Clamped into [0, extent), which must not be empty.
std::vector<int64_t> clamped(const Tensor& indices, int64_t extent, IndexFault* fault) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < indices.count(); ++i) {
    int64_t index = indices.get_int(i);
    if ((index < 0 || index >= extent) && fault->extent < 0) {
      fault->index = index;
      fault->extent = extent;
    }
    out.push_back(std::clamp<int64_t>(index, 0, std::max<int64_t>(extent - 1, 0)));
  }
  return out;
}

// f(position in data, position in the gathered tensor) for the first element of every run of `inner`
// elements.
template <class F>
void for_each_run(const Blocks& b, const std::vector<int64_t>& index, F f) {
  auto n = static_cast<int64_t>(index.size());
  if (b.axis == 0) return;
  for (int64_t o = 0; o < b.outer; ++o) {
    for (int64_t i = 0; i < n; ++i) f((o * b.axis + index[i]) * b.inner, (o * n + i) * b.inner);
  }
}

}  // namespace

void compute_gather(const OpCall& c) {
  Blocks b = blocks_of(*c.in[0], c.as<AxisAttrs>().axis);
  std::vector<int64_t> index = clamped(*c.in[1], b.axis, c.fault);
  visit_element(c.out[0].dtype(), [&]<class T>(T) {
    auto x = c.in[0]->as<T>();
    auto y = c.out[0].as<T>();
    for_each_run(b, index,
                 [&](int64_t from, int64_t to) { std::copy_n(x.data() + from, b.inner, y.data() + to); });
  });
}

void compute_scatter_add(const OpCall& c) {
  Blocks b = blocks_of(*c.in[0], c.as<AxisAttrs>().axis);
  std::vector<int64_t> index = clamped(*c.in[1], b.axis, c.fault);
  c.out[0] = *c.in[0];
  visit_number(c.out[0].dtype(), [&]<class T>(T) {
    auto u = c.in[2]->as<T>();
    auto y = c.out[0].as<T>();
    for_each_run(b, index, [&](int64_t to, int64_t from) {
      for (int64_t k = 0; k < b.inner; ++k) y[to + k] = scalar::add(y[to + k], u[from + k]);
    });
  });
}

}  // namespace nnc
