// What every op computes, one line each; the loops of those that are not elementwise are in files of their
// own.
#include <algorithm>
#include <cmath>

#include "ir/op_call.h"
#include "ir/scalar_ops.h"
#include "ir/visit_dtype.h"

namespace nnc {
namespace {

template <class T, class R, class F>
void map(const OpCall& c, F f) {
  auto x = c.in[0]->as<T>();
  auto y = c.out[0].as<R>();
  for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<R>(f(x[i]));
}

template <class T, class R, class F>
void zip(const OpCall& c, F f) {
  auto a = c.in[0]->as<T>(), b = c.in[1]->as<T>();
  auto y = c.out[0].as<R>();
  for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<R>(f(a[i], b[i]));
}

// In the element type.
template <class F>
void map_number(const OpCall& c, F f) {
  visit_number(c.in[0]->dtype(), [&]<class T>(T) { map<T, T>(c, f); });
}
template <class F>
void zip_number(const OpCall& c, F f) {
  visit_number(c.in[0]->dtype(), [&]<class T>(T) { zip<T, T>(c, f); });
}

// In f64, rounded to the element type.
template <class F>
void map_float(const OpCall& c, F f) {
  visit_float(c.in[0]->dtype(), [&]<class T>(T) { map<T, T>(c, [&](double x) { return f(x); }); });
}
template <class F>
void zip_float(const OpCall& c, F f) {
  visit_float(c.in[0]->dtype(),
              [&]<class T>(T) { zip<T, T>(c, [&](double a, double b) { return f(a, b); }); });
}

// To bool; bf16 is compared as the f32 it stands for, bool as a byte.
template <class F>
void compare(const OpCall& c, F f) {
  DType dtype = c.in[0]->dtype();
  if (dtype == DType::Bool) return zip<uint8_t, uint8_t>(c, f);
  if (dtype != DType::BF16) return visit_number(dtype, [&]<class T>(T) { zip<T, uint8_t>(c, f); });
  zip<uint16_t, uint8_t>(c,
                         [&](uint16_t a, uint16_t b) { return f(float_from_bf16(a), float_from_bf16(b)); });
}

void copy_elements(const OpCall& c) {
  if (c.in[0] == &c.out[0]) return;
  std::copy(c.in[0]->bytes().begin(), c.in[0]->bytes().end(), c.out[0].bytes().begin());
}

void select(const OpCall& c) {
  visit_element(c.out[0].dtype(), [&]<class T>(T) {
    auto condition = c.in[0]->as<uint8_t>();
    auto a = c.in[1]->as<T>(), b = c.in[2]->as<T>();
    auto y = c.out[0].as<T>();
    for (size_t i = 0; i < y.size(); ++i) y[i] = condition[i] ? a[i] : b[i];
  });
}

void constant(const OpCall& c) {
  c.out[0].set(0, cast_literal(c.as<ConstantAttrs>().value, c.out[0].dtype()));
}

void extent(const OpCall& c) { c.out[0].set_int(0, c.as<ExtentAttrs>().dim.evaluate(c.bindings)); }

}  // namespace

void compute(const OpCall& c) {
  switch (c.op) {
    case Op::Constant:
      return constant(c);
    case Op::Iota:
      return compute_iota(c);
    case Op::Extent:
      return extent(c);
    case Op::Random:
      return compute_random(c);

    case Op::Neg:
      return map_number(c, [](auto x) { return scalar::negate(x); });
    case Op::Abs:
      return map_number(c, [](auto x) { return scalar::absolute(x); });
    case Op::Exp:
      return map_float(c, [](double x) { return std::exp(x); });
    case Op::Expm1:
      return map_float(c, [](double x) { return std::expm1(x); });
    case Op::Log:
      return map_float(c, [](double x) { return std::log(x); });
    case Op::Log1p:
      return map_float(c, [](double x) { return std::log1p(x); });
    case Op::Sqrt:
      return map_float(c, [](double x) { return std::sqrt(x); });
    case Op::Sin:
      return map_float(c, [](double x) { return std::sin(x); });
    case Op::Cos:
      return map_float(c, [](double x) { return std::cos(x); });
    case Op::Tanh:
      return map_float(c, [](double x) { return std::tanh(x); });
    case Op::Erf:
      return map_float(c, [](double x) { return std::erf(x); });
    case Op::Floor:
      return map_float(c, [](double x) { return std::floor(x); });
    case Op::IsFinite:
      return visit_float(c.in[0]->dtype(),
                         [&]<class T>(T) { map<T, uint8_t>(c, [](T x) { return std::isfinite(x); }); });
    case Op::Not:
      return map<uint8_t, uint8_t>(c, [](uint8_t x) { return !x; });
    case Op::Cast:
      c.out[0] = c.in[0]->cast(c.out[0].dtype());
      return;
    case Op::StopGradient:
      return copy_elements(c);
    case Op::Barrier:
      return copy_elements(c);

    case Op::Add:
      return zip_number(c, [](auto a, auto b) { return scalar::add(a, b); });
    case Op::Sub:
      return zip_number(c, [](auto a, auto b) { return scalar::subtract(a, b); });
    case Op::Mul:
      return zip_number(c, [](auto a, auto b) { return scalar::multiply(a, b); });
    case Op::Div:
      return zip_number(c, [](auto a, auto b) { return scalar::divide(a, b); });
    case Op::Max:
      return zip_number(c, [](auto a, auto b) { return scalar::maximum(a, b); });
    case Op::Min:
      return zip_number(c, [](auto a, auto b) { return scalar::minimum(a, b); });
    case Op::Pow:
      return zip_float(c, [](double a, double b) { return std::pow(a, b); });
    case Op::Lt:
      return compare(c, [](auto a, auto b) { return a < b; });
    case Op::Le:
      return compare(c, [](auto a, auto b) { return a <= b; });
    case Op::Eq:
      return compare(c, [](auto a, auto b) { return a == b; });
    case Op::Ne:
      return compare(c, [](auto a, auto b) { return a != b; });
    case Op::And:
      return zip<uint8_t, uint8_t>(c, [](uint8_t a, uint8_t b) { return a && b; });
    case Op::Or:
      return zip<uint8_t, uint8_t>(c, [](uint8_t a, uint8_t b) { return a || b; });
    case Op::Select:
      return select(c);

    case Op::Reshape:
      return copy_elements(c);
    case Op::Permute:
      return compute_permute(c);
    case Op::Broadcast:
      return compute_broadcast(c);
    case Op::Slice:
      return compute_slice(c);
    case Op::Pad:
      return compute_pad(c);
    case Op::Concat:
      return compute_concat(c);
    case Op::Reverse:
      return compute_reverse(c);
    case Op::Window:
      return compute_window(c);
    case Op::Unwindow:
      return compute_unwindow(c);
    case Op::Gather:
      return compute_gather(c);
    case Op::ScatterAdd:
      return compute_scatter_add(c);
    case Op::Reduce:
      return compute_reduce(c);
    case Op::ArgMax:
      return compute_argmax(c);
    case Op::ArgMin:
      return compute_argmin(c);
    case Op::Dot:
      return compute_dot(c);

    case Op::Input:
    case Op::Param:
    case Op::Scan:
    case Op::Region:
      break;
  }
  assert(false && "computed where the graph is known");
}

}  // namespace nnc
