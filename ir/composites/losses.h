// Losses and metrics. Each is one scalar of the operands' float type, averaged over every example, so that
// gradients do not depend on the batch size.
#pragma once

#include "ir/net.h"

namespace nnc {

/// mean((x - y)^2) over all elements; equal shapes.
Value mse(Builder& b, Value x, Value y);
/// mean of -log softmax(logits)[target]: logits [..., C], target integer class indices [...].
Value cross_entropy(Net& net, Value logits, Value target);
/// The share of positions where the largest logit is the target's: logits [..., C], target [...] -> f32.
Value accuracy(Net& net, Value logits, Value target);

}  // namespace nnc
