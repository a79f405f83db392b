// The training step as one graph: what a model computes when it trains, the gradients of its loss, and the
// updates of its parameters, with a seam between the last two:
//
//   loss, metrics -> gradients -> [accumulate | clip | all-reduce …] -> update -> state writes
//
// Run-time scalars: input "train.lr" f64[], and state "train.step" i64[], the number of steps taken. Every
// state write keeps the old value where the loss is not finite, so that such a loss never reaches the weights.
//
// Where several batches make one update, two more: "train.share" f64[], the batch's share of the samples of its update,
// and "train.update" bool[], whether it is the last of them. The state "train.updates" i64[] counts updates then.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ir/builder.h"
#include "ir/module.h"
#include "ir/update_spec.h"

namespace nnc {

inline constexpr const char* kLossOutput = "loss";
inline constexpr const char* kLearningRateInput = "train.lr";
inline constexpr const char* kShareInput = "train.share";
inline constexpr const char* kUpdateInput = "train.update";
inline constexpr const char* kUpdatesParam = "train.updates";

/// A trainable parameter that the loss depends on, and d loss / d param of its type.
struct ParamGradient {
  std::string path;
  Value param, gradient;
};

/// What lies between differentiation and update. A transform may replace gradients (f32 instead of bf16 is fine), keep
/// state of its own, and hold updates back.
struct Seam {
  Value loss;
  std::vector<ParamGradient> gradients;  // in the order of the graph's params
  Value updates;                         // bool[]: whether this step updates; every one if invalid
  std::vector<std::pair<std::string, Value>> state;  // paths and next values, of every step and any loss
};
using GradientTransform = std::function<void(Builder&, Seam&)>;

/// Outputs of `model` (its scalar float "loss" among them), then state writes: the updated parameters, the
/// optimizer's state, what `model` writes itself (running statistics), and "train.step". Throws Error when
/// there is no such loss, when it depends on no trainable parameter, or for an optimizer that does not exist.
/// Frozen parameters have no gradient; `transforms` follow what `update` asks for.
Graph training_step(const Graph& model, const UpdateSpec& update,
                    const std::vector<GradientTransform>& transforms = {});
/// The same, which throws PlacedError, at the place of the loss, where that cannot be minimised.
Graph training_step(const Graph& model, const UpdateSpec& update, Loc loss);
/// That of a model with a train block.
Graph training_step(const Module& module);
/// The place of the loss in the model's file, or that of what trains it.
Loc loss_place(const TrainSpec& spec);

}  // namespace nnc
