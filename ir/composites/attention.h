// Scaled dot-product attention over several heads, and dropout.
#pragma once

#include "ir/net.h"

namespace nnc {

/// softmax(q k^T / sqrt(D / heads)) v per head (arXiv:1706.03762): q [..., T, D], k and v [..., S, D] ->
/// [..., T, D]. Heads are equal slices of D. With `causal`, position t sees positions up to t; T and S are
/// then equal.
Value attention(Builder& b, Value q, Value k, Value v, int64_t heads, bool causal = false);
/// In training each element is kept with probability 1 - p and divided by it, else 0; in evaluation x itself.
Value dropout(Net& net, Value x, double p);

}  // namespace nnc
