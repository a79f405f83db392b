// Activations: elementwise functions and the softmaxes. Results have the operand's shape and type (float).
#pragma once

#include "ir/builder.h"

namespace nnc {

/// max(x, 0); NaN stays NaN.
Value relu(Builder& b, Value x);
/// 1 / (1 + e^-x), from one exponential that never overflows; accurate in both tails.
Value sigmoid(Builder& b, Value x);
/// x Phi(x) = x (1 + erf(x / sqrt 2)) / 2 (arXiv:1606.08415).
Value gelu(Builder& b, Value x);
/// e^x / sum(e^x) along `axis` (negative counts from the end), after subtracting the maximum.
Value softmax(Builder& b, Value x, int64_t axis = -1);
/// log(softmax(x)), formed as x - max - log(sum(e^(x - max))).
Value log_softmax(Builder& b, Value x, int64_t axis = -1);
/// x - max(x) along `axis`. What uses it must not depend on what is subtracted: the maximum passes no
/// gradient.
Value minus_max(Builder& b, Value x, int64_t axis);

}  // namespace nnc
