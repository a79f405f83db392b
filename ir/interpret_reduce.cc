// reduce, argmax, argmin: one fold per output, from the identity, in row-major order of the reduced axes.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ir/op_call.h"
#include "ir/scalar_ops.h"
#include "ir/strided.h"
#include "ir/visit_dtype.h"

namespace nnc {
namespace {

template <class T>
constexpr T lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::lowest();
}
template <class T>
constexpr T highest() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::max();
}

template <class T, size_t N>
using State = std::array<T, N>;

// exp(m - maximum), 1 where they are equal: (-inf) - (-inf) must not turn the whole sum into NaN.
template <class T>
T rescale(T m, T maximum) {
  return m == maximum ? T{1} : static_cast<T>(std::exp(static_cast<double>(m - maximum)));
}

template <class T>
State<T, 2> merge_max_sum_exp(const State<T, 2>& a, const State<T, 2>& b) {
  T m = scalar::maximum(a[0], b[0]);
  return {m, a[1] * rescale(a[0], m) + b[1] * rescale(b[0], m)};
}

template <class T>
State<T, 3> merge_moments(const State<T, 3>& a, const State<T, 3>& b) {
  if (a[2] == 0) return b;
  if (b[2] == 0) return a;
  T n = a[2] + b[2], delta = b[0] - a[0];
  return {a[0] + delta * (b[2] / n), a[1] + b[1] + delta * delta * (a[2] * b[2] / n), n};
}

struct Folds {
  std::vector<int64_t> shape;  // kept axes, then reduced axes
  View operand, result;
};

Folds folds_of(const Tensor& x, const std::vector<int64_t>& axes) {
  std::vector<int64_t> order, kept;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) kept.push_back(i);
  }
  order = kept;
  order.insert(order.end(), axes.begin(), axes.end());
  Folds out{pick(x.shape(), order), {0, pick(strides_of(x.shape()), order)}, {}};
  out.result.strides = strides_of(pick(x.shape(), kept));
  out.result.strides.resize(order.size(), 0);
  return out;
}

// Folds operands [first, first + N) into the results of the same places.
template <class T, size_t N, class F>
void fold(const OpCall& c, size_t first, State<T, N> identity, F merge) {
  std::array<std::span<const T>, N> x;
  std::array<std::span<T>, N> y;
  for (size_t k = 0; k < N; ++k) {
    x[k] = c.in[first + k]->template as<T>();
    y[k] = c.out[first + k].template as<T>();
    std::fill(y[k].begin(), y[k].end(), identity[k]);
  }
  Folds folds = folds_of(*c.in[first], c.as<ReduceAttrs>().axes);
  for_each_index<2>(folds.shape, {folds.operand, folds.result}, [&](auto at) {
    State<T, N> a, b;
    for (size_t k = 0; k < N; ++k) a[k] = y[k][at[1]], b[k] = x[k][at[0]];
    State<T, N> merged = merge(a, b);
    for (size_t k = 0; k < N; ++k) y[k][at[1]] = merged[k];
  });
}

template <class T, class F>
void fold_each(const OpCall& c, size_t i, T identity, F combine) {
  fold<T, 1>(c, i, {identity},
             [&](const State<T, 1>& a, const State<T, 1>& b) { return State<T, 1>{combine(a[0], b[0])}; });
}

template <class T>
void fold_number(const OpCall& c, size_t i, Monoid monoid) {
  switch (monoid) {
    case Monoid::Add:
      return fold_each<T>(c, i, 0, scalar::add<T>);
    case Monoid::Mul:
      return fold_each<T>(c, i, 1, scalar::multiply<T>);
    case Monoid::Max:
      return fold_each<T>(c, i, lowest<T>(), scalar::maximum<T>);
    case Monoid::Min:
      return fold_each<T>(c, i, highest<T>(), scalar::minimum<T>);
    case Monoid::MaxSumExp:
    case Monoid::Moments:
      assert(false);
  }
}

void fold_max_sum_exp(const OpCall& c, size_t i) {
  visit_float(c.in[i]->dtype(), [&]<class T>(T) {
    fold<T, 2>(c, i, {lowest<T>(), 0}, merge_max_sum_exp<T>);
  });
}

void fold_moments(const OpCall& c, size_t i) {
  visit_float(c.in[i]->dtype(), [&]<class T>(T) { fold<T, 3>(c, i, {0, 0, 0}, merge_moments<T>); });
}

// The place of the best element along the axis; the first NaN ends the search.
template <class T, class F>
int32_t search(const T* x, int64_t n, int64_t stride, F better) {
  int64_t best = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (scalar::is_nan(x[i * stride])) return static_cast<int32_t>(i);
    if (better(x[i * stride], x[best * stride])) best = i;
  }
  return static_cast<int32_t>(best);
}

template <class F>
void arg_reduce(const OpCall& c, F better) {
  const Tensor& x = *c.in[0];
  auto axis = static_cast<size_t>(c.as<AxisAttrs>().axis);
  std::vector<int64_t> shape = x.shape(), strides = strides_of(shape);
  const int64_t n = shape[axis], stride = strides[axis];
  shape.erase(shape.begin() + axis);
  strides.erase(strides.begin() + axis);
  auto y = c.out[0].as<int32_t>();
  visit_number(x.dtype(), [&]<class T>(T) {
    const T* data = x.as<T>().data();
    for_each_index<2>(shape, {View{0, strides}, View{0, strides_of(shape)}},
                      [&](auto at) { y[at[1]] = search(data + at[0], n, stride, better); });
  });
}

}  // namespace

void compute_reduce(const OpCall& c) {
  Monoid monoid = c.as<ReduceAttrs>().monoid;
  size_t group = monoid == Monoid::MaxSumExp ? 2 : monoid == Monoid::Moments ? 3 : 1;
  for (size_t i = 0; i < c.in.size(); i += group) {
    if (monoid == Monoid::MaxSumExp) {
      fold_max_sum_exp(c, i);
    } else if (monoid == Monoid::Moments) {
      fold_moments(c, i);
    } else {
      visit_number(c.in[i]->dtype(), [&]<class T>(T) { fold_number<T>(c, i, monoid); });
    }
  }
}

void compute_argmax(const OpCall& c) {
  arg_reduce(c, [](auto a, auto b) { return a > b; });
}
void compute_argmin(const OpCall& c) {
  arg_reduce(c, [](auto a, auto b) { return a < b; });
}

}  // namespace nnc
