// Normalisations. Variances are two-pass: the mean of the squared distance to the mean.
#pragma once

#include "ir/net.h"

namespace nnc {

/// (x - mean) / sqrt(var + eps) * weight + bias over the last axis (arXiv:1607.06450): x [..., D], weight and
/// bias [D], which only an affine one has.
Value layer_norm(Net& net, Value x, double eps = 1e-5, bool affine = true);
/// x / sqrt(mean(x^2) + eps) * weight over the last axis (arXiv:1910.07467). Without an eps it is the distance from
/// 1 to the next number of x's type.
Value rms_norm(Net& net, Value x, std::optional<double> eps = {}, bool affine = true);
/// The same over all axes but axis 1 (arXiv:1502.03167), x [N, C, ...]. Training uses the batch's moments and
/// moves running_mean and running_var (unbiased) towards them by `momentum`; evaluation uses those. As
/// torch.nn.BatchNorm.
Value batch_norm(Net& net, Value x, double momentum = 0.1, double eps = 1e-5);

}  // namespace nnc
