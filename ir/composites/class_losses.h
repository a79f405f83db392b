// Losses over classes: scores along the last axis, [..., C], and targets that are integer class indices [...], or for
// cross_entropy a distribution [..., C]. Each is one scalar of the scores' type.
#pragma once

#include <optional>

#include "ir/net.h"

namespace nnc {

struct ClassOptions {
  std::optional<Value> weight;          // [C]: what an example of each class counts
  double label_smoothing = 0;           // in [0, 1]: the share of the target spread evenly over all classes
  std::optional<int64_t> ignore_index;  // examples of this target count nothing
};

/// mean of -log softmax(logits)[target], as torch.nn.CrossEntropyLoss: with class indices the weights of the examples
/// sum to one (none that count: 0), with distributions the mean is over examples.
Value cross_entropy(Net& net, Value logits, Value target, const ClassOptions& options = {});
/// The same of logarithms of probabilities, and class indices alone: torch.nn.NLLLoss.
Value nll(Net& net, Value log_probabilities, Value target, const ClassOptions& options = {});
/// mean of -(1 - p)^gamma log p, p the probability of what is the case (arXiv:1708.02002). Integer targets [...] are
/// classes; targets of the logits' shape are labels 0 and 1 of independent sigmoids, which alpha, if given,
/// weighs by alpha and 1 - alpha.
Value focal(Net& net, Value logits, Value target, double gamma = 2, std::optional<double> alpha = {});

/// The share of positions where the largest logit is the target's: logits [..., C], target [...] -> f32.
Value accuracy(Net& net, Value logits, Value target);
/// Throws Error, beginning with `what`, unless target holds integers [...] for scores [..., C].
void check_classes(const char* what, const Type& scores, const Type& target);

}  // namespace nnc
