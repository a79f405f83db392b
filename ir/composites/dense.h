// Layers that look parameters up or multiply by them: linear, embedding, dot.
#pragma once

#include "ir/net.h"

namespace nnc {

/// Initial values other than a layer's own.
struct WeightInit {
  std::optional<Init> weight, bias;
};

/// y = x weight^T + bias over the last axis: x [..., in] -> [..., out]; weight [out, in], bias [out], both
/// initially uniform in ±1/sqrt(in) as torch.nn.Linear's.
Value linear(Net& net, Value x, const Dim& out, bool bias = true, const WeightInit& init = {});
/// y_o = sum_ij x_i weight_oij y_j + bias_o over the last axes of x [..., I] and y [..., J] -> [..., out]; weight
/// [out, I, J], bias [out], both initially uniform in ±1/sqrt(I) as torch.nn.Bilinear's.
Value bilinear(Net& net, Value x, Value y, const Dim& out, bool bias = true, const WeightInit& init = {});
/// Rows of weight [vocabulary, size], initially normal(0, 1): x integers [...] -> f32 [..., size].
Value embedding(Net& net, Value x, const Dim& vocabulary, const Dim& size,
                const std::optional<Init>& init = {});
/// x [..., K] times y [K, N] or [K] -> [..., N] or [...]; with y of rank r > 2, x [B..., M, K] and y [B...,
/// K, N]
/// -> [B..., M, N].
Value matrix_product(Builder& b, Value x, Value y);

/// 1 / sqrt(n) where n must be a number; the error names `what`.
double inverse_root(const Dim& n, const char* what);

}  // namespace nnc
