#include "ir/composites/convolution.h"

#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "ir/composites/dense.h"
#include "ir/error.h"

namespace nnc {
namespace {

int64_t at_axis(const PerAxis& numbers, int64_t i, int64_t axes, const char* what, int64_t least) {
  bool one = numbers.size() == 1;
  if (!one && static_cast<int64_t>(numbers.size()) != axes) {
    throw Error(fmt::format("{} has {} numbers for {} spatial axes", what, numbers.size(), axes));
  }
  int64_t n = numbers[one ? 0 : static_cast<size_t>(i)];
  if (n < least || n > std::numeric_limits<int32_t>::max()) {
    throw Error(fmt::format("{} must be at least {}, not {}", what, least, n));
  }
  return n;
}

// Windows over the spatial axes of [N, C, spatial...]; what they hold become new last axes.
std::vector<WindowAxis> windows_of(const Type& x, const WindowShape& s) {
  if (x.rank() < 3) throw Error(fmt::format("needs [batch, channels, spatial…], not {}", x.str()));
  int64_t axes = x.rank() - 2;
  std::vector<WindowAxis> out;
  for (int64_t i = 0; i < axes; ++i) {
    out.push_back({i + 2, at_axis(s.kernel, i, axes, "kernel", 1), at_axis(s.stride, i, axes, "stride", 1),
                   at_axis(s.dilation, i, axes, "dilation", 1)});
  }
  return out;
}

Value pad_spatial(Builder& b, Value x, const WindowShape& s, Literal value) {
  int64_t rank = b.type(x).rank();
  Shape margin(static_cast<size_t>(rank), Dim(0));
  for (int64_t i = 2; i < rank; ++i) margin[i] = at_axis(s.pad, i - 2, rank - 2, "pad", 0);
  return b.pad(x, margin, margin, std::vector<int64_t>(margin.size(), 0), value);
}

std::vector<int64_t> range(int64_t from, int64_t to) {
  std::vector<int64_t> out(static_cast<size_t>(to - from));
  std::iota(out.begin(), out.end(), from);
  return out;
}

Literal lowest(DType t) {
  if (is_float(t)) return Literal::from_double(t, -std::numeric_limits<double>::infinity());
  return Literal::from_int(t, saturating_int(t, -std::numeric_limits<double>::infinity()));
}

}  // namespace

Value conv(Net& net, Value x, const Dim& channels, const WindowShape& shape, bool bias,
           const WeightInit& init) {
  Builder& b = net.b();
  Type type = b.type(x);
  int64_t rank = type.rank();
  std::vector<WindowAxis> windows = windows_of(type, shape);
  Shape weight_shape = {channels, type.shape[1]};
  for (const WindowAxis& w : windows) weight_shape.push_back(w.size);
  Dim fan_in = element_count({weight_shape.begin() + 1, weight_shape.end()});
  double bound = inverse_root(fan_in, "the channel axis of conv's operand");
  Init usual = uniform_init(-bound, bound);
  Value weight = net.param("weight", {type.dtype, weight_shape}, init.weight.value_or(usual));

  Value taps = b.window(pad_spatial(b, x, shape, Literal::from_double(type.dtype, 0)), windows);
  // taps [N, C, H', W', kh, kw]: contract C, kh and kw, which leaves [N, H', W', channels].
  std::vector<int64_t> contracted = range(rank, 2 * rank - 2);
  contracted.insert(contracted.begin(), 1);
  DType accumulate = type.dtype == DType::F64 ? DType::F64 : DType::F32;
  Value y = b.dot(taps, weight, DotAttrs{{}, {}, contracted, range(1, rank), accumulate});
  if (bias) y = b.add(y, net.param("bias", {type.dtype, {channels}}, init.bias.value_or(usual)));
  std::vector<int64_t> order = range(1, rank - 1);
  order.insert(order.begin(), {0, rank - 1});
  return b.permute(y, order);
}

Value max_pool(Builder& b, Value x, const WindowShape& shape) {
  int64_t rank = b.type(x).rank();
  std::vector<WindowAxis> windows = windows_of(b.type(x), shape);
  Value taps = b.window(pad_spatial(b, x, shape, lowest(b.dtype(x))), windows);
  return b.reduce_max(taps, range(rank, 2 * rank - 2));
}

}  // namespace nnc
