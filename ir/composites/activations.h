// Activations: elementwise functions and the softmaxes. Results have the operand's shape and type (float). A
// function of several branches takes in each only what that branch is meant for, so that no gradient multiplies
// the zero of the branch not taken by the infinity of its value.
#pragma once

#include "ir/net.h"

namespace nnc {

/// max(x, 0); NaN stays NaN.
Value relu(Builder& b, Value x);
/// x where positive, else negative_slope * x.
Value leaky_relu(Builder& b, Value x, double negative_slope);
/// x where positive, else alpha (e^x - 1) (arXiv:1511.07289).
Value elu(Builder& b, Value x, double alpha = 1);
/// elu with the scale and alpha that keep unit variance (arXiv:1706.02515).
Value selu(Builder& b, Value x);
/// x where positive, else alpha (e^(x / alpha) - 1) (arXiv:1704.07483).
Value celu(Builder& b, Value x, double alpha = 1);
/// leaky_relu whose slope is learnt: weight [parameters], one for all channels (axis 1) or one each
/// (arXiv:1502.01852).
Value prelu(Net& net, Value x, const Dim& parameters, const Init& init);

/// 1 / (1 + e^-x), from one exponential that never overflows; accurate in both tails.
Value sigmoid(Builder& b, Value x);
/// log(sigmoid(x)) = -softplus(-x).
Value log_sigmoid(Builder& b, Value x);
/// log(1 + e^(beta x)) / beta, as max(x, 0) + log1p(e^-|beta x|) / beta.
Value softplus(Builder& b, Value x, double beta = 1);
/// x / (1 + |x|).
Value softsign(Builder& b, Value x);
/// x Phi(x) = x (1 + erf(x / sqrt 2)) / 2 (arXiv:1606.08415).
Value gelu(Builder& b, Value x);
/// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, an approximation of gelu from the same paper.
Value gelu_tanh(Builder& b, Value x);
/// x sigmoid(x).
Value silu(Builder& b, Value x);
/// x tanh(softplus(x)) (arXiv:1908.08681).
Value mish(Builder& b, Value x);

/// x limited to [low, high]; nothing flows back from outside. NaN stays.
Value clamp(Builder& b, Value x, std::optional<double> low, std::optional<double> high);
/// clamp(x, low, high), where nothing flows back from the bounds either.
Value hardtanh(Builder& b, Value x, double low = -1, double high = 1);
/// clamp(x + 3, 0, 6) / 6.
Value hardsigmoid(Builder& b, Value x);
/// x hardsigmoid(x) (arXiv:1905.02244).
Value hardswish(Builder& b, Value x);

/// The first half along `axis` times the sigmoid of the second (arXiv:1612.08083).
Value glu(Builder& b, Value x, int64_t axis = -1);
/// The silu of the first half along `axis` times the second (arXiv:2002.05202).
Value swiglu(Builder& b, Value x, int64_t axis = -1);

/// e^x / sum(e^x) along `axis` (negative counts from the end), after subtracting the maximum.
Value softmax(Builder& b, Value x, int64_t axis = -1);
/// log(softmax(x)), formed as x - max - log(sum(e^(x - max))).
Value log_softmax(Builder& b, Value x, int64_t axis = -1);
/// x - max(x) along `axis`. What uses it must not depend on what is subtracted: the maximum passes no
/// gradient.
Value minus_max(Builder& b, Value x, int64_t axis);
/// log(sum(e^shifted)) along the axis, of what minus_max gives.
Value log_sum_exp_of_shifted(Builder& b, Value shifted, int64_t axis, bool keep);

}  // namespace nnc
