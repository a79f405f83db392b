#include "ir/composites/dense.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {

double inverse_root(const Dim& n, const char* what) {
  if (!n.is_constant()) throw Error(fmt::format("{} must be a number, not {}", what, n.str()));
  return 1 / std::sqrt(static_cast<double>(n.value()));
}

Value linear(Net& net, Value x, const Dim& out, bool bias, const WeightInit& init) {
  Builder& b = net.b();
  Type type = b.type(x);
  if (type.is_scalar()) throw Error("linear needs at least one axis, not " + type.str());
  if (!is_float(type.dtype))
    throw Error(fmt::format("linear of {}: cast it to a float type first", type.str()));
  Dim in = type.shape.back();
  double bound = inverse_root(in, "the last axis of linear's operand");
  Init usual = uniform_init(-bound, bound);
  Value weight = net.param("weight", {type.dtype, {out, in}}, init.weight.value_or(usual));
  Value y = b.contract(x, weight, type.rank() - 1, 1);
  return bias ? b.add(y, net.param("bias", {type.dtype, {out}}, init.bias.value_or(usual))) : y;
}

Value bilinear(Net& net, Value x, Value y, const Dim& out, bool bias, const WeightInit& init) {
  Builder& b = net.b();
  Type l = b.type(x), r = b.type(y);
  Shape rows = l.shape, others = r.shape;
  bool fits = !l.is_scalar() && !r.is_scalar() && is_float(l.dtype) && l.dtype == r.dtype;
  if (fits) rows.pop_back(), others.pop_back();
  if (!fits || rows != others)
    throw Error(fmt::format("bilinear takes x [..., I] and y [..., J], not {} and {}", l.str(), r.str()));
  double bound = inverse_root(l.shape.back(), "the last axis of bilinear's first operand");
  Init usual = uniform_init(-bound, bound);
  Shape cube{out, l.shape.back(), r.shape.back()};
  Value weight = net.param("weight", {l.dtype, cube}, init.weight.value_or(usual));
  Shape stretched = r.shape;
  stretched.insert(stretched.end() - 1, Dim(1));
  Value products = b.mul(b.contract(x, weight, l.rank() - 1, 1), b.reshape(y, stretched));
  Value sum = b.reduce_add(products, {l.rank()});
  return bias ? b.add(sum, net.param("bias", {l.dtype, {out}}, init.bias.value_or(usual))) : sum;
}

Value embedding(Net& net, Value x, const Dim& vocabulary, const Dim& size, const std::optional<Init>& init) {
  Value weight = net.param("weight", {DType::F32, {vocabulary, size}}, init.value_or(Init{"normal", {0, 1}}));
  return net.b().gather(weight, x, 0);
}

namespace {

std::vector<int64_t> leading(int64_t n) {
  std::vector<int64_t> axes(static_cast<size_t>(n));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

}  // namespace

Value matrix_product(Builder& b, Value x, Value y) {
  Type l = b.type(x), r = b.type(y);
  if (l.is_scalar() || r.is_scalar()) throw Error(fmt::format("dot needs axes: {} and {}", l.str(), r.str()));
  if (r.rank() <= 2) return b.contract(x, y, l.rank() - 1, 0);
  if (l.rank() != r.rank()) {
    throw Error(fmt::format("dot of stacked matrices needs equal ranks: {} and {}", l.str(), r.str()));
  }
  int64_t batch = l.rank() - 2;
  DType accumulate = l.dtype == DType::F64 ? DType::F64 : DType::F32;
  return b.dot(x, y, DotAttrs{leading(batch), leading(batch), {batch + 1}, {batch}, accumulate});
}

}  // namespace nnc
