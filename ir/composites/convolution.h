// Convolution and pooling over [N, C, spatial...]: any number of spatial axes, the same window on each unless
// a list gives one number per axis.
#pragma once

#include <vector>

#include "ir/composites/dense.h"

namespace nnc {

/// One number for every spatial axis, or one per axis.
using PerAxis = std::vector<int64_t>;

struct WindowShape {
  PerAxis kernel = {1}, stride = {1}, dilation = {1}, pad = {0};
};

/// Cross-correlation as torch.nn.Conv2d: x [N, C, H, W] -> [N, channels, H', W'], where
/// H' = (H + 2 pad - dilation (kernel - 1) - 1) / stride + 1. weight [channels, C, kh, kw] and bias
/// [channels], both initially uniform in ±1/sqrt(C kh kw).
Value conv(Net& net, Value x, const Dim& channels, const WindowShape& shape, bool bias = true,
           const WeightInit& init = {});
/// The maximum of every window, padded with -inf: x [N, C, H, W] -> [N, C, H', W'].
Value max_pool(Builder& b, Value x, const WindowShape& shape);

}  // namespace nnc
