// dot: both operands are laid out as plain matrices of the accumulator's type, lhs [batch, M, K] and rhs
// [batch, K, N]; every result element is then one chain acc = fma(a, b, acc) in K order from +0.
#include <algorithm>
#include <cmath>

#include "ir/op_call.h"
#include "ir/strided.h"
#include "ir/visit_dtype.h"

namespace nnc {
namespace {

template <class T>
struct Matrices {
  const T* lhs;
  const T* rhs;
  T* out;  // zeroed
  int64_t batch, m, n, k;
};

// A row of N chains advances together; each alone is still one chain in K order.
template <class T>
[[gnu::always_inline]] inline void multiply(const Matrices<T>& x) {
  for (int64_t row = 0; row < x.batch * x.m; ++row) {
    const T* a = x.lhs + row * x.k;
    const T* b = x.rhs + row / x.m * x.k * x.n;
    T* acc = x.out + row * x.n;
    for (int64_t k = 0; k < x.k; ++k, b += x.n) {
      for (int64_t j = 0; j < x.n; ++j) acc[j] = std::fma(a[k], b[j], acc[j]);
    }
  }
}

// std::fma gives the same bits either way; without the instruction it is a library call.
#if defined(__x86_64__)
template <class T>
[[gnu::target("avx2,fma")]] void multiply_with_fma(const Matrices<T>& x) {
  multiply(x);
}
template <class T>
void dispatch(const Matrices<T>& x) {
  bool has_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  has_fma ? multiply_with_fma(x) : multiply(x);
}
#else
template <class T>
void dispatch(const Matrices<T>& x) {
  multiply(x);
}
#endif

std::vector<int64_t> free_axes(const Tensor& t, const std::vector<int64_t>& batch,
                               const std::vector<int64_t>& contract) {
  auto in = [](const std::vector<int64_t>& axes, int64_t i) {
    return std::find(axes.begin(), axes.end(), i) != axes.end();
  };
  std::vector<int64_t> out;
  for (int64_t i = 0; i < t.rank(); ++i) {
    if (!in(batch, i) && !in(contract, i)) out.push_back(i);
  }
  return out;
}

// `t` with its axes in the order of the groups, row-major, as T.
template <class T>
std::vector<T> lay_out(const Tensor& t, std::initializer_list<const std::vector<int64_t>*> groups) {
  std::vector<int64_t> order;
  for (const std::vector<int64_t>* g : groups) order.insert(order.end(), g->begin(), g->end());
  std::vector<T> out(static_cast<size_t>(t.count()));
  std::vector<int64_t> shape = pick(t.shape(), order);
  std::array<View, 2> views{View{0, pick(strides_of(t.shape()), order)}, View{0, strides_of(shape)}};
  auto fill = [&](auto elements, auto value_of) {
    for_each_index<2>(shape, views, [&](auto at) { out[at[1]] = value_of(elements[at[0]]); });
  };
  if (t.dtype() == DType::BF16) {
    fill(t.as<uint16_t>(), [](uint16_t bits) { return static_cast<T>(float_from_bf16(bits)); });
  } else {
    visit_float(t.dtype(), [&]<class E>(E) { fill(t.as<E>(), [](E x) { return static_cast<T>(x); }); });
  }
  return out;
}

template <class T>
void contract(const OpCall& c) {
  const DotAttrs& a = c.as<DotAttrs>();
  const Tensor &l = *c.in[0], &r = *c.in[1];
  std::vector<int64_t> m = free_axes(l, a.lhs_batch, a.lhs_contract),
                       n = free_axes(r, a.rhs_batch, a.rhs_contract);
  std::vector<T> lhs = lay_out<T>(l, {&a.lhs_batch, &m, &a.lhs_contract});
  std::vector<T> rhs = lay_out<T>(r, {&a.rhs_batch, &a.rhs_contract, &n});
  auto extent = [](const Tensor& t, const std::vector<int64_t>& axes) {
    return product(pick(t.shape(), axes));
  };
  dispatch(Matrices<T>{lhs.data(), rhs.data(), c.out[0].as<T>().data(), extent(l, a.lhs_batch), extent(l, m),
                       extent(r, n), extent(l, a.lhs_contract)});
}

}  // namespace

void compute_dot(const OpCall& c) {
  visit_float(c.out[0].dtype(), [&]<class T>(T) { contract<T>(c); });
}

}  // namespace nnc
