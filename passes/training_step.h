// The training step as one graph: what a model computes when it trains, the gradients of its loss, and the
// updates of its parameters, with a seam between the last two:
//
//   loss, metrics -> gradients -> [accumulate | clip | all-reduce …] -> update -> state writes
//
// Run-time scalars: input "train.lr" f64[], and state "train.step" i64[], the number of steps taken. Every
// state write keeps the old value where the loss is not finite, so a NaN never enters the weights.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "ir/optimizers.h"

namespace nnc {

inline constexpr const char* kLossOutput = "loss";
inline constexpr const char* kLearningRateInput = "train.lr";

/// A trainable parameter that the loss depends on, and d loss / d param of its type.
struct ParamGradient {
  std::string path;
  Value param, gradient;
};

/// What lies between differentiation and update. A transform may replace gradients, never their types.
struct Seam {
  Value loss;
  std::vector<ParamGradient> gradients;  // in the order of the graph's params
};
using GradientTransform = std::function<void(Builder&, Seam&)>;

/// Outputs of `model` (its scalar float "loss" among them), then state writes: the updated parameters, the
/// optimizer's state, what `model` writes itself (running statistics), and "train.step". Throws Error when
/// there is no such loss, when it depends on no trainable parameter, or for an optimizer that does not exist.
Graph training_step(const Graph& model, const OptimizerSpec& optimizer,
                    const std::vector<GradientTransform>& transforms = {});

}  // namespace nnc
