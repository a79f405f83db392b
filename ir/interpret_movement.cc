// Leaves that fill, and ops that move elements: each is a view of its operand or result, copied in row-major
// order.
#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/op_call.h"
#include "ir/philox.h"
#include "ir/scalar_ops.h"
#include "ir/strided.h"
#include "ir/visit_dtype.h"

namespace nnc {
namespace {

View whole(const Tensor& t) { return {0, strides_of(t.shape())}; }

// to[to_view] = from[from_view] over `shape`.
void copy(const std::vector<int64_t>& shape, const Tensor& from, const View& from_view, Tensor& to,
          const View& to_view) {
  visit_element(to.dtype(), [&]<class T>(T) {
    auto source = from.as<T>();
    auto target = to.as<T>();
    for_each_index<2>(shape, {from_view, to_view}, [&](auto at) { target[at[1]] = source[at[0]]; });
  });
}

void copy_view(const OpCall& c, const View& operand_view) {
  copy(c.out[0].shape(), *c.in[0], operand_view, c.out[0], whole(c.out[0]));
}

// Of a tensor of shape `n`: for the axes of window(t), in their order.
View window_view(const std::vector<int64_t>& n, const std::vector<WindowAxis>& windows) {
  std::vector<int64_t> strides = strides_of(n);
  View view{0, strides};
  for (const WindowAxis& w : windows) {
    view.strides[w.axis] = strides[w.axis] * w.stride;
    view.strides.push_back(strides[w.axis] * w.dilation);
  }
  return view;
}

}  // namespace

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> out(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    out[i] = stride;
    stride *= shape[i];
  }
  return out;
}

int64_t product(const std::vector<int64_t>& extents) {
  int64_t out = 1;
  for (int64_t n : extents) out *= n;
  return out;
}

std::vector<int64_t> pick(const std::vector<int64_t>& values, const std::vector<int64_t>& axes) {
  std::vector<int64_t> out;
  for (int64_t axis : axes) out.push_back(values[static_cast<size_t>(axis)]);
  return out;
}

void compute_iota(const OpCall& c) {
  Tensor& y = c.out[0];
  auto axis = static_cast<size_t>(c.as<IotaAttrs>().axis);
  View index{0, std::vector<int64_t>(y.shape().size(), 0)};
  index.strides[axis] = 1;
  for_each_index<2>(y.shape(), {index, whole(y)}, [&](auto at) { y.set_int(at[1], at[0]); });
}

namespace {

// Elements in order, N of each block of words.
template <size_t N, class T, class F>
void draw(const RandomStream& stream, std::span<T> y, F number) {
  for (size_t i = 0; i < y.size(); i += N) {
    PhiloxCounter words = stream.block(i / N);
    for (size_t k = 0; k < std::min(N, y.size() - i); ++k) y[i + k] = number(words, k);
  }
}

}  // namespace

// The stream is drawn in the node's own type: in F64 precision the same numbers come, widened.
void compute_random(const OpCall& c) {
  const RandomAttrs& a = c.as<RandomAttrs>();
  RandomStream stream(a.key, c.in[0]->get_int(0), c.in[1]->get_int(0));
  visit_float(c.out[0].dtype(), [&]<class T>(T) {
    auto y = c.out[0].as<T>();
    if (a.type.dtype == DType::F32)
      draw<4>(stream, y, RandomStream::f32_of);
    else
      draw<2>(stream, y, RandomStream::f64_of);
  });
}

void compute_permute(const OpCall& c) {
  copy_view(c, {0, pick(strides_of(c.in[0]->shape()), c.as<PermuteAttrs>().order)});
}

void compute_broadcast(const OpCall& c) {
  const std::vector<int64_t>& axes = c.as<BroadcastAttrs>().axes;
  std::vector<int64_t> strides = strides_of(c.in[0]->shape());
  View view{0, std::vector<int64_t>(c.out[0].shape().size(), 0)};
  for (size_t i = 0; i < axes.size(); ++i) view.strides[axes[i]] = strides[i];
  copy_view(c, view);
}

void compute_slice(const OpCall& c) {
  const SliceAttrs& a = c.as<SliceAttrs>();
  std::vector<int64_t> start = evaluate(a.start, c.bindings), size = evaluate(a.size, c.bindings);
  const std::vector<int64_t>& n = c.in[0]->shape();
  View view{0, strides_of(n)};
  for (size_t i = 0; i < n.size(); ++i) {
    int64_t end = size[i] == 0 ? start[i] : checked_add(start[i], checked_mul(size[i] - 1, a.stride[i]) + 1);
    if (start[i] < 0 || end > n[i]) {
      throw Error(fmt::format("slice: axis {} of {} has no {} elements from {} at stride {}", i,
                              c.in[0]->type_str(), size[i], start[i], a.stride[i]));
    }
    view.offset += start[i] * view.strides[i];
    view.strides[i] *= a.stride[i];
  }
  copy_view(c, view);
}

void compute_pad(const OpCall& c) {
  const PadAttrs& a = c.as<PadAttrs>();
  std::vector<int64_t> low = evaluate(a.low, c.bindings), high = evaluate(a.high, c.bindings);
  Tensor& y = c.out[0];
  View view = whole(y);
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i] < 0 || high[i] < 0)
      throw Error(fmt::format("pad: axis {} gets {} and {}", i, low[i], high[i]));
    view.offset += low[i] * view.strides[i];
    view.strides[i] *= a.interior[i] + 1;
  }
  y = Tensor::filled(y.shape(), cast_literal(a.value, y.dtype()));
  copy(c.in[0]->shape(), *c.in[0], whole(*c.in[0]), y, view);
}

void compute_concat(const OpCall& c) {
  auto axis = static_cast<size_t>(c.as<AxisAttrs>().axis);
  View view = whole(c.out[0]);
  for (const Tensor* x : c.in) {
    copy(x->shape(), *x, whole(*x), c.out[0], view);
    view.offset += x->shape()[axis] * view.strides[axis];
  }
}

void compute_reverse(const OpCall& c) {
  View view = whole(*c.in[0]);
  for (int64_t axis : c.as<AxesAttrs>().axes) {
    view.offset += (c.in[0]->shape()[axis] - 1) * view.strides[axis];
    view.strides[axis] *= -1;
  }
  copy_view(c, view);
}

void compute_window(const OpCall& c) {
  copy_view(c, window_view(c.in[0]->shape(), c.as<WindowAttrs>().windows));
}

void compute_unwindow(const OpCall& c) {
  const Tensor& x = *c.in[0];
  View view = window_view(c.out[0].shape(), c.as<UnwindowAttrs>().windows);
  visit_number(x.dtype(), [&]<class T>(T) {
    auto source = x.as<T>();
    auto target = c.out[0].as<T>();
    for_each_index<2>(x.shape(), {whole(x), view},
                      [&](auto at) { target[at[1]] = scalar::add(target[at[1]], source[at[0]]); });
  });
}

}  // namespace nnc
