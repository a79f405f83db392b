// What a model's inputs contribute to one of its outputs: the gradients of a weighed sum of the output's elements by the
// inputs, as a graph.
//
//   x: f32[B, 4]  ->  logits: f32[B, 3]
//   x: f32[B, 4], explain.seed: f32[B, 3]  ->  value = Σ seed · logits, gradient.x: f32[B, 4]
//
// An integer has no gradient, but most stand for numbers: `cast(image, f32) / 255`. Such an input becomes one of floats (f32
// for u8 and bool, f64 for others), read where the model casts it to floats, and as the integers it stands for elsewhere.
#pragma once

#include <span>
#include <string>

#include "ir/graph.h"

namespace nnc {

inline constexpr const char* kExplainedValue = "value";
inline constexpr const char* kExplainSeed = "explain.seed";

/// Inputs: those of `model`, then the seed, of the output's shape (f32 where that is bf16). Outputs: the value, then a
/// gradient per name in `inputs`, zeros where nothing flows back. Throws Error for an output that is missing or no float, and
/// where nothing flows back to any of them.
Graph input_gradients(const Graph& model, const std::string& output, std::span<const std::string> inputs);

}  // namespace nnc
