// Losses over two tensors of one shape, and penalties. Each is one scalar of the operands' float type, averaged over
// every example, so that gradients do not depend on the batch size. Operands are never broadcast against each
// other: [B, 1] against [B] would silently compare every pair. Throws Error for shapes that differ.
#pragma once

#include <optional>
#include <vector>

#include "ir/builder.h"

namespace nnc {

/// mean((x - y)^2) over all elements.
Value mse(Builder& b, Value x, Value y);
/// mean(|x - y|).
Value mae(Builder& b, Value x, Value y);
/// mean of d^2 / 2 where d = |x - y| <= delta, else delta (d - delta / 2), as torch.nn.HuberLoss.
Value huber(Builder& b, Value x, Value y, double delta = 1);
/// mean(log(cosh(x - y))), as |d| + log1p(e^(-2 |d|)) - log 2.
Value log_cosh(Builder& b, Value x, Value y);
/// Negative log-likelihood of counts y under a Poisson distribution: mean(e^x - y x), or mean(x - y log(x + eps))
/// where x is no logarithm; `full` adds Stirling's y log y - y + log(2 pi y) / 2 for y > 1. As torch.nn.PoissonNLLLoss.
struct PoissonOptions {
  bool log_input = true, full = false;
  double eps = 1e-8;
};
Value poisson_nll(Builder& b, Value x, Value y, const PoissonOptions& options = {});

/// mean(-(w y log x + (1 - y) log(1 - x))) for probabilities x, logarithms no lower than -100 as in PyTorch. y in
/// [0, 1], of x's type, or integers 0 and 1; w (1 unless given) broadcasts to x.
Value binary_cross_entropy(Builder& b, Value x, Value y, std::optional<Value> positive_weight = {});
/// The same for x = sigmoid(logits), from softplus.
Value binary_cross_entropy_with_logits(Builder& b, Value logits, Value y,
                                       std::optional<Value> positive_weight = {});
/// mean(max(margin - x y, 0)) for y of -1 and 1.
Value hinge(Builder& b, Value x, Value y, double margin = 1);
/// Kullback-Leibler divergence of the target from the model: sum(y (log y - x)) over the last axis for logarithms x,
/// averaged over the others. y are probabilities, or logarithms with `log_target`. As torch.nn.KLDivLoss by "batchmean".
Value kl_div(Builder& b, Value x, Value y, bool log_target = false);
/// 1 - c where the target is 1 (everywhere without one), max(c - margin, 0) where it is -1, c the cosine along the last
/// axis; averaged. As torch.nn.CosineEmbeddingLoss. x and y [..., D], target [...].
Value cosine_loss(Builder& b, Value x, Value y, std::optional<Value> target = {}, double margin = 0);

/// sum(|x|) over all tensors.
Value l1(Builder& b, const std::vector<Value>& xs);
/// sum(x^2) over all tensors.
Value l2(Builder& b, const std::vector<Value>& xs);

}  // namespace nnc
