#include "ir/composites/class_losses.h"

#include <limits>

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/reductions.h"
#include "ir/composites/selection.h"
#include "ir/error.h"

namespace nnc {

void check_classes(const char* what, const Type& scores, const Type& target) {
  Shape expected = scores.shape;
  if (!expected.empty()) expected.pop_back();
  bool fits = !scores.is_scalar() && expected == target.shape;
  if (!fits || !is_integer(target.dtype) || !is_float(scores.dtype)) {
    throw Error(fmt::format("{} takes logits [..., classes] and integer targets [...], not {} and {}", what,
                            scores.str(), target.str()));
  }
}

namespace {

Value number(Builder& b, Value like, double value) { return b.scalar(b.dtype(like), value); }

void check_options(Builder& b, const char* what, const Type& scores, const ClassOptions& options) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    throw Error(fmt::format("{}'s label_smoothing is in [0, 1], not {}", what, options.label_smoothing));
  }
  Type wanted{scores.dtype, {scores.shape.back()}};
  if (options.weight && b.type(*options.weight) != wanted) {
    throw Error(fmt::format("{}'s weight has one number per class, {}, and is {}", what, wanted.str(),
                            b.type(*options.weight).str()));
  }
}

// sum(loss) / sum(weight), 0 where nothing counts.
Value weighted_mean(Builder& b, Value loss, Value weight) {
  Value sum = sum_over(b, weight), zero = number(b, sum, 0);
  return b.div(sum_over(b, loss), b.select(b.eq(sum, zero), number(b, sum, 1), sum));
}

// -log p of each target's class, smoothed and weighted, averaged.
Value indexed_loss(Builder& b, Value log_p, Value target, const ClassOptions& options) {
  Type type = b.type(log_p);
  Value weighted = options.weight ? b.mul(log_p, *options.weight) : log_p;
  Value loss = b.neg(class_score(b, weighted, target));
  if (options.label_smoothing > 0) {
    Value classes = count_over(b, type, {-1}, type.dtype), share = number(b, loss, options.label_smoothing);
    Value everywhere = b.div(b.neg(sum_over(b, weighted, {-1})), classes);
    loss = b.add(b.mul(number(b, loss, 1 - options.label_smoothing), loss), b.mul(share, everywhere));
  }
  if (!options.weight && !options.ignore_index) return mean_over(b, loss);
  Value one = b.full(type.dtype, type.shape, 1);
  Value weight = class_score(b, options.weight ? b.mul(one, *options.weight) : one, target);
  if (options.ignore_index) {
    Value ignored = b.eq(target, b.constant(Literal::from_int(b.dtype(target), *options.ignore_index)));
    weight = b.select(ignored, number(b, weight, 0), weight);
    loss = b.select(ignored, number(b, loss, 0), loss);
  }
  return weighted_mean(b, loss, weight);
}

// -sum(q log p) for the smoothed target q; a class of no probability asks for nothing.
Value distribution_loss(Builder& b, Value log_p, Value target, const ClassOptions& options) {
  Type type = b.type(log_p);
  if (options.ignore_index) throw Error("cross_entropy ignores class indices, not distributions");
  Value q = target;
  if (options.label_smoothing > 0) {
    Value share = b.div(number(b, q, options.label_smoothing), count_over(b, type, {-1}, type.dtype));
    q = b.add(b.mul(q, number(b, q, 1 - options.label_smoothing)), share);
  }
  Value zero = number(b, q, 0);
  Value terms = b.mul(q, b.select(b.eq(q, zero), zero, log_p));
  if (options.weight) terms = b.mul(terms, *options.weight);
  return mean_over(b, b.neg(sum_over(b, terms, {-1})));
}

}  // namespace

Value cross_entropy(Net& net, Value logits, Value target, const ClassOptions& options) {
  Builder& b = net.b();
  Type type = b.type(logits);
  if (!type.is_scalar() && type == b.type(target)) {
    check_options(b, "cross_entropy", type, options);
    return distribution_loss(b, log_softmax(b, logits), target, options);
  }
  check_classes("cross_entropy", type, b.type(target));
  check_options(b, "cross_entropy", type, options);
  net.note_classes(target, type.shape.back(), options.ignore_index);
  bool plain = !options.weight && !options.ignore_index && options.label_smoothing == 0;
  if (!plain) return indexed_loss(b, log_softmax(b, logits), target, options);
  Value shifted = minus_max(b, logits, -1);
  Value log_sum = log_sum_exp_of_shifted(b, shifted, -1, false);
  return mean_over(b, b.sub(log_sum, class_score(b, shifted, target)));
}

Value nll(Net& net, Value log_probabilities, Value target, const ClassOptions& options) {
  Builder& b = net.b();
  Type type = b.type(log_probabilities);
  check_classes("nll", type, b.type(target));
  check_options(b, "nll", type, options);
  net.note_classes(target, type.shape.back(), options.ignore_index);
  return indexed_loss(b, log_probabilities, target, options);
}

namespace {

// -(1 - p)^gamma log p, from the logarithms of p and of 1 - p: a power of 0 has no slope.
Value modulated(Builder& b, Value log_p, Value log_rest, double gamma) {
  if (gamma == 0) return b.neg(log_p);
  return b.neg(b.mul(b.exp(b.mul(number(b, log_p, gamma), log_rest)), log_p));
}

Value focal_labels(Builder& b, Value logits, Value target, double gamma, std::optional<double> alpha) {
  Value label = b.cast(target, b.dtype(logits)), one = number(b, logits, 1), rest = b.sub(one, label);
  Value yes = log_sigmoid(b, logits), no = log_sigmoid(b, b.neg(logits));
  Value positive = b.mul(label, modulated(b, yes, no, gamma));
  Value negative = b.mul(rest, modulated(b, no, yes, gamma));
  if (alpha) {
    positive = b.mul(number(b, logits, *alpha), positive);
    negative = b.mul(number(b, logits, 1 - *alpha), negative);
  }
  return mean_over(b, b.add(positive, negative));
}

}  // namespace

Value focal(Net& net, Value logits, Value target, double gamma, std::optional<double> alpha) {
  Builder& b = net.b();
  Type type = b.type(logits), labels = b.type(target);
  if (!(gamma >= 0)) throw Error(fmt::format("focal's gamma is at least 0, not {}", gamma));
  if (alpha && !(*alpha >= 0 && *alpha <= 1))
    throw Error(fmt::format("focal's alpha is in [0, 1], not {}", *alpha));
  bool same_kind = labels.dtype == type.dtype || is_integer(labels.dtype) || labels.dtype == DType::Bool;
  if (labels.shape == type.shape && is_float(type.dtype) && same_kind)
    return focal_labels(b, logits, target, gamma, alpha);
  check_classes("focal", type, labels);
  if (alpha) throw Error("focal's alpha weighs labels 0 and 1, and these targets are classes");
  net.note_classes(target, type.shape.back());
  Value chosen = chosen_class(b, type, target);
  Value infinite = number(b, logits, -std::numeric_limits<double>::infinity());
  Value total = logsumexp_over(b, logits, {-1});
  Value others = logsumexp_over(b, b.select(chosen, infinite, logits), {-1});
  Value log_p = b.sub(class_score(b, logits, target), total), log_rest = b.sub(others, total);
  return mean_over(b, modulated(b, log_p, log_rest, gamma));
}

Value accuracy(Net& net, Value logits, Value target) {
  Builder& b = net.b();
  check_classes("accuracy", b.type(logits), b.type(target));
  Value best = b.cast(b.argmax(logits, b.type(logits).rank() - 1), b.dtype(target));
  return mean_over(b, b.cast(b.eq(best, target), DType::F32));
}

}  // namespace nnc
