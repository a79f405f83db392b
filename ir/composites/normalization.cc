#include "ir/composites/normalization.h"

#include <limits>

#include "ir/composites/reductions.h"
#include "ir/error.h"

namespace nnc {
namespace {

Value inverse_deviation(Builder& b, Value variance, double eps) {
  DType t = b.dtype(variance);
  return b.div(b.scalar(t, 1), b.sqrt(b.add(variance, b.scalar(t, eps))));
}

struct Moments {
  Value mean, centred, variance;  // the mean keeps its axes
};

Moments moments(Builder& b, Value x, const Axes& axes) {
  Value mean = mean_over(b, x, axes, true);
  Value centred = b.sub(x, mean);
  return {mean, centred, mean_over(b, b.mul(centred, centred), axes, false)};
}

// running += momentum * (now - running)
void move_running(Net& net, const std::string& name, Value running, Value now, double momentum) {
  Builder& b = net.b();
  Value rate = b.scalar(b.dtype(running), momentum);
  net.write_state(name, b.add(running, b.mul(rate, b.sub(now, running))));
}

// n / (n - 1), and 1 for a single element, which has no spread to correct.
Value unbiased(Builder& b, const Type& x, const Axes& axes) {
  Value n = count_over(b, x, axes, x.dtype), one = b.scalar(x.dtype, 1);
  return b.div(n, b.max(b.sub(n, one), one));
}

}  // namespace

Value layer_norm(Net& net, Value x, double eps, bool affine) {
  Builder& b = net.b();
  Type type = b.type(x);
  if (type.is_scalar()) throw Error("layer_norm needs at least one axis, not " + type.str());
  Type per_feature{type.dtype, {type.shape.back()}};
  Moments m = moments(b, x, {-1});
  Value normal = b.mul(m.centred, keep_axes(b, inverse_deviation(b, m.variance, eps), type, {-1}));
  if (!affine) return normal;
  Value weight = net.param("weight", per_feature, constant_init(1));
  Value bias = net.param("bias", per_feature, constant_init(0));
  return b.add(b.mul(normal, weight), bias);
}

Value rms_norm(Net& net, Value x, std::optional<double> eps, bool affine) {
  Builder& b = net.b();
  Type type = b.type(x);
  if (type.is_scalar()) throw Error("rms_norm needs at least one axis, not " + type.str());
  bool wide = type.dtype == DType::F64;
  double epsilon = wide ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  Value squares = mean_over(b, b.mul(x, x), {-1}, false);
  Value inverse = inverse_deviation(b, squares, eps.value_or(epsilon));
  Value normal = b.mul(x, keep_axes(b, inverse, type, {-1}));
  if (!affine) return normal;
  return b.mul(normal, net.param("weight", {type.dtype, {type.shape.back()}}, constant_init(1)));
}

Value batch_norm(Net& net, Value x, double momentum, double eps) {
  Builder& b = net.b();
  Type type = b.type(x);
  if (type.rank() < 2) throw Error("batch_norm needs [batch, channels, …], not " + type.str());
  Type per_channel{type.dtype, {type.shape[1]}};
  Shape kept(type.shape.size(), Dim(1));
  kept[1] = type.shape[1];
  Value running_mean = net.param("running_mean", per_channel, constant_init(0), false);
  Value running_var = net.param("running_var", per_channel, constant_init(1), false);
  Value centred, variance;
  if (net.training()) {
    Axes axes;
    for (int64_t i = 0; i < type.rank(); ++i) {
      if (i != 1) axes.push_back(i);
    }
    Moments m = moments(b, x, axes);
    centred = m.centred;
    variance = b.reshape(m.variance, kept);
    Value spread = b.mul(b.reshape(m.variance, per_channel.shape), unbiased(b, type, axes));
    move_running(net, "running_mean", running_mean, b.reshape(m.mean, per_channel.shape), momentum);
    move_running(net, "running_var", running_var, spread, momentum);
  } else {
    centred = b.sub(x, b.reshape(running_mean, kept));
    variance = b.reshape(running_var, kept);
  }
  Value weight = b.reshape(net.param("weight", per_channel, constant_init(1)), kept);
  Value bias = b.reshape(net.param("bias", per_channel, constant_init(0)), kept);
  return b.add(b.mul(centred, b.mul(inverse_deviation(b, variance, eps), weight)), bias);
}

}  // namespace nnc
