// The losses, one row each. A loss in a model file is any expression of one number; these are the usual ones.
#include "ir/composites/losses.h"

#include "ir/composites/class_losses.h"
#include "ir/layers.h"

namespace nnc {
namespace {

using Call = const LayerCall&;
using Results = std::vector<Value>;

template <Value (*loss)(Builder&, Value, Value)>
Results of_pair(Call c) {
  return {loss(c.b(), c.tensor("x"), c.tensor("y"))};
}

template <Value (*loss)(Builder&, Value, Value, double), const char* name>
Results of_pair_and(Call c) {
  return {loss(c.b(), c.tensor("x"), c.tensor("y"), c.real(name))};
}

template <Value (*loss)(Builder&, Value, Value, std::optional<Value>)>
Results of_labels(Call c) {
  return {loss(c.b(), c.tensor("x"), c.tensor("y"), c.tensor_or_none("pos_weight"))};
}

template <Value (*penalty)(Builder&, const std::vector<Value>&)>
Results of_all(Call c) {
  return {penalty(c.b(), c.tensors("xs"))};
}

Results cross_entropy_row(Call c) {
  ClassOptions options{c.tensor_or_none("weight"), c.real("label_smoothing"),
                       c.integer_or_none("ignore_index")};
  return {cross_entropy(c.net, c.tensor("logits"), c.tensor("target"), options)};
}

Results nll_row(Call c) {
  ClassOptions options{c.tensor_or_none("weight"), 0, c.integer_or_none("ignore_index")};
  return {nll(c.net, c.tensor("log_probs"), c.tensor("target"), options)};
}

Results focal_row(Call c) {
  return {focal(c.net, c.tensor("logits"), c.tensor("target"), c.real("gamma"), c.real_or_none("alpha"))};
}

Results poisson_row(Call c) {
  PoissonOptions options{c.flag("log_input"), c.flag("full"), c.real("eps")};
  return {poisson_nll(c.b(), c.tensor("x"), c.tensor("y"), options)};
}

Results cosine_row(Call c) {
  return {cosine_loss(c.b(), c.tensor("x"), c.tensor("y"), c.tensor_or_none("target"), c.real("margin"))};
}

constexpr char kDelta[] = "delta", kMargin[] = "margin";
constexpr std::string_view kXY = "x: tensor, y: tensor";
constexpr std::string_view kLabels = "x: tensor, y: tensor, pos_weight: tensor = none";

constexpr LayerRow kRows[] = {
    {"mse", kXY, of_pair<mse>, "mean((x - y)^2)"},
    {"mae", kXY, of_pair<mae>, "mean(|x - y|)"},
    {"huber", "x: tensor, y: tensor, delta: real = 1", of_pair_and<huber, kDelta>,
     "squared up to delta, linear beyond"},
    {"log_cosh", kXY, of_pair<log_cosh>, "mean(log(cosh(x - y)))"},
    {"poisson_nll", "x: tensor, y: tensor, log_input: flag = true, full: flag = false, eps: real = 1e-8",
     poisson_row, "mean(e^x - y x), the likelihood of counts y; `full` adds Stirling's term"},
    {"cross_entropy",
     "logits: tensor, target: tensor, weight: tensor = none, label_smoothing: real = 0, ignore_index: int = "
     "none",
     cross_entropy_row, "mean of -log softmax(logits)[target]; the target may be a distribution"},
    {"nll", "log_probs: tensor, target: tensor, weight: tensor = none, ignore_index: int = none", nll_row,
     "mean of -log_probs[target]"},
    {"focal", "logits: tensor, target: tensor, gamma: real = 2, alpha: real = none", focal_row,
     "cross entropy times (1 - p)^gamma, of classes or of labels 0 and 1"},
    {"binary_cross_entropy", kLabels, of_labels<binary_cross_entropy>,
     "mean of -(pos_weight y log x + (1 - y) log(1 - x)) for probabilities x"},
    {"binary_cross_entropy_with_logits", kLabels, of_labels<binary_cross_entropy_with_logits>,
     "the same of sigmoid(x)"},
    {"hinge", "x: tensor, y: tensor, margin: real = 1", of_pair_and<hinge, kMargin>,
     "mean(max(margin - x y, 0)) for y of -1 and 1"},
    {"kl_div", "x: tensor, y: tensor, log_target: flag = false",
     [](Call c) { return Results{kl_div(c.b(), c.tensor("x"), c.tensor("y"), c.flag("log_target"))}; },
     "sum(y (log y - x)) along the last axis for logarithms x, averaged over the others"},
    {"cosine", "x: tensor, y: tensor, target: tensor = none, margin: real = 0", cosine_row,
     "1 - cosine where the target is 1, max(cosine - margin, 0) where it is -1"},
    {"accuracy", "logits: tensor, target: tensor",
     [](Call c) { return Results{accuracy(c.net, c.tensor("logits"), c.tensor("target"))}; },
     "the share of examples whose largest logit is the target's"},
    {"l1", "xs: tensors", of_all<l1>, "sum(|x|) over all"},
    {"l2", "xs: tensors", of_all<l2>, "sum(x^2) over all"},
};

}  // namespace

std::span<const LayerRow> loss_rows() { return kRows; }

}  // namespace nnc
