// Normalisations. Variances are two-pass: the mean of the squared distance to the mean.
#pragma once

#include "ir/net.h"

namespace nnc {

/// (x - mean) / sqrt(var + eps) * weight + bias over the last axis (arXiv:1607.06450): x [..., D], weight and
/// bias [D].
Value layer_norm(Net& net, Value x, double eps = 1e-5);
/// The same over all axes but axis 1 (arXiv:1502.03167), x [N, C, ...]. Training uses the batch's moments and
/// moves running_mean and running_var (unbiased) towards them by `momentum`; evaluation uses those. As
/// torch.nn.BatchNorm.
Value batch_norm(Net& net, Value x, double momentum = 0.1, double eps = 1e-5);

}  // namespace nnc
