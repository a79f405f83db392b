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

Value linear(Net& net, Value x, const Dim& out, bool bias) {
  Builder& b = net.b();
  Type type = b.type(x);
  if (type.is_scalar()) throw Error("linear needs at least one axis, not " + type.str());
  if (!is_float(type.dtype))
    throw Error(fmt::format("linear of {}: cast it to a float type first", type.str()));
  Dim in = type.shape.back();
  double bound = inverse_root(in, "the last axis of linear's operand");
  Value weight = net.param("weight", {type.dtype, {out, in}}, uniform_init(-bound, bound));
  Value y = b.contract(x, weight, type.rank() - 1, 1);
  return bias ? b.add(y, net.param("bias", {type.dtype, {out}}, uniform_init(-bound, bound))) : y;
}

Value embedding(Net& net, Value x, const Dim& vocabulary, const Dim& size) {
  Value weight = net.param("weight", {DType::F32, {vocabulary, size}}, Init{"normal", {0, 1}});
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
