// Layers that pick by rank or by index.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace nnc {

/// x integers [...] -> [..., classes]: 1 where the class is x, else 0 (everywhere for an x that is no class).
Value one_hot(Builder& b, Value x, const Dim& classes, DType dtype);
/// true along the last axis of `like` [..., classes] where the index is target's [...].
Value chosen_class(Builder& b, const Type& like, Value target);
/// scores [..., C] at the index that is target's [...]: [...], or [..., 1] with `keep`; 0 where that is no class.
Value class_score(Builder& b, Value scores, Value target, bool keep = false);
/// The k largest (or smallest) elements along `axis` in falling (rising) order, and their i32 indices; of equals the
/// first comes first, and a NaN before everything. Nothing flows back: prediction only.
std::vector<Value> top_k(Builder& b, Value x, int64_t k, int64_t axis = -1, bool largest = true);
/// x . y / (max(|x|, eps) max(|y|, eps)) along `axis`.
Value cosine_similarity(Builder& b, Value x, Value y, int64_t axis = -1, double eps = 1e-8);

}  // namespace nnc
