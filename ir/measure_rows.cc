// The measures, and what the graph puts out for each.
#include <limits>

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/class_losses.h"
#include "ir/composites/movement.h"
#include "ir/composites/reductions.h"
#include "ir/composites/selection.h"
#include "ir/error.h"
#include "ir/measures.h"

namespace nnc {
namespace {

using Call = const LayerCall&;
using Results = std::vector<Value>;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

Value whole(Builder& b, int64_t value) { return b.constant(Literal::from_int(DType::I64, value)); }

// Scores of the target's own shape are one per example: positive above the threshold.
bool is_binary(Call c) { return c.b().shape(c.tensor("logits")) == c.b().shape(c.tensor("target")); }

Value label_of(Builder& b, Value target) {
  if (!is_float(b.dtype(target))) return b.cast(target, DType::Bool);
  return b.lt(b.scalar(b.dtype(target), 0.5), target);
}

void check_scores(Call c, std::string_view what) {
  Builder& b = c.b();
  Type scores = b.type(c.tensor("logits")), target = b.type(c.tensor("target"));
  Shape classes = scores.shape;
  if (!classes.empty()) classes.pop_back();
  bool fits = is_float(scores.dtype) && !scores.is_scalar() &&
              (scores.shape == target.shape || (is_integer(target.dtype) && classes == target.shape));
  if (fits) return;
  throw Error(fmt::format(
      "{} takes logits [..., classes] and integer targets [...], or a score and a label of one shape, "
      "not {} and {}",
      what, scores.str(), target.str()));
}

int64_t class_count(Call c) {
  if (is_binary(c)) return 2;
  const Dim& classes = c.b().shape(c.tensor("logits")).back();
  if (classes.is_constant()) return classes.value();
  throw Error(fmt::format("the number of classes must be known, and is {}", classes.str()));
}

// The loader checks what a loss says about a target; without one, this is what is known.
void note_target(Call c) {
  if (is_binary(c) || c.net.classes().count(c.tensor("target"))) return;
  c.net.note_classes(c.tensor("target"), class_count(c), c.integer_or_none("ignore_index"));
}

// What an example of class `ignore_index` puts out instead.
Value unless_ignored(Call c, Value out, Value instead) {
  Builder& b = c.b();
  std::optional<int64_t> ignored = c.integer_or_none("ignore_index");
  if (!ignored) return out;
  return b.select(b.eq(b.cast(c.tensor("target"), DType::I64), whole(b, *ignored)), instead, out);
}

// `out`, but `unknown` where the target is no class. A real label is always one, above or below the middle.
Value if_class(Call c, Value out, Value unknown) {
  Builder& b = c.b();
  if (!is_integer(b.dtype(c.tensor("target")))) return out;
  Value target = b.cast(c.tensor("target"), DType::I64);
  Value known = b.binary(Op::And, b.le(whole(b, 0), target), b.lt(target, whole(b, class_count(c))));
  return b.select(known, out, unknown);
}

// -1 where the example is left out, `width` where its target is no class.
Value counted(Call c, Value count, int64_t width) {
  Builder& b = c.b();
  return unless_ignored(c, if_class(c, count, whole(b, width)), whole(b, -1));
}

void check_decisions(Call c, std::string_view what) {
  check_scores(c, what);
  if (is_binary(c) || !c.given("threshold")) return;
  throw Error(fmt::format("{}'s threshold is for a score and a label of one shape", what),
              {"of several classes the largest logit decides"});
}

// target * classes + prediction of every example.
Value cells(Call c) {
  Builder& b = c.b();
  Value logits = c.tensor("logits"), target = c.tensor("target");
  int64_t classes = class_count(c);
  if (classes > kMaxConfusionClasses)
    throw Error(fmt::format("{} classes are too many to count confusions of: the limit is {}", classes,
                            kMaxConfusionClasses));
  note_target(c);
  Value predicted = is_binary(c)
                        ? b.lt(b.scalar(b.dtype(logits), c.real_or_none("threshold").value_or(0)), logits)
                        : b.argmax(logits, b.type(logits).rank() - 1);
  Value actual = is_binary(c) ? label_of(b, target) : target;
  Value row = b.mul(b.cast(actual, DType::I64), whole(b, classes));
  return counted(c, b.add(row, b.cast(predicted, DType::I64)), classes * classes);
}

Results accuracy_row(Call c) {
  check_decisions(c, "accuracy");
  if (class_count(c) <= kMaxConfusionClasses) return {cells(c)};
  note_target(c);
  Builder& b = c.b();
  Value logits = c.tensor("logits");
  Value best = b.cast(b.argmax(logits, b.type(logits).rank() - 1), DType::I64);
  Value hit = b.eq(best, b.cast(c.tensor("target"), DType::I64));
  return {counted(c, b.cast(hit, DType::I64), 2)};
}

// A hit is a target with less than k classes before it: better ones, and equal ones of lower index.
Results top_k_row(Call c) {
  Builder& b = c.b();
  Value logits = c.tensor("logits"), target = c.tensor("target");
  Type type = b.type(logits);
  check_classes("top_k", type, b.type(target));
  if (c.integer("k") < 1 || c.integer("k") > class_count(c))
    throw Error(fmt::format("top_k's k is from 1 to {} classes, not {}", class_count(c), c.integer("k")));
  note_target(c);
  int64_t last = type.rank() - 1;
  Value score = class_score(b, logits, target, true);
  Shape column = b.shape(target);
  column.push_back(1);
  Value index = b.iota({DType::I32, type.shape}, last);
  Value earlier = b.lt(index, b.reshape(b.cast(target, DType::I32), column));
  Value ahead = b.binary(Op::Or, b.unary(Op::Not, b.le(logits, score)),
                         b.binary(Op::And, b.eq(logits, score), earlier));
  Value rank = sum_over(b, b.cast(ahead, DType::I32), {last});
  Value hit = b.lt(b.cast(rank, DType::I64), whole(b, c.integer("k")));
  return {counted(c, b.cast(hit, DType::I64), 2)};
}

template <const char* name>
Results cells_row(Call c) {
  check_decisions(c, name);
  return {cells(c)};
}

Results perplexity_row(Call c) {
  Builder& b = c.b();
  Value logits = c.tensor("logits"), target = c.tensor("target");
  check_classes("perplexity", b.type(logits), b.type(target));
  note_target(c);
  Value none = b.scalar(b.dtype(logits), 0), zero = b.scalar(DType::F64, 0);
  Value chosen = b.select(chosen_class(b, b.type(logits), target), log_softmax(b, logits), none);
  Value loss = b.cast(b.neg(sum_over(b, chosen, {-1})), DType::F64);
  loss = unless_ignored(c, if_class(c, loss, b.scalar(DType::F64, kNoNumber)), zero);
  Value count = unless_ignored(c, b.full(DType::F64, b.shape(loss), 1), zero);
  return {stack(b, {sum_over(b, loss), sum_over(b, count)}, 0)};
}

// [3, k]: of the k columns of y the mean, the squared distances to it, and the squares of x - y.
Results r2_row(Call c) {
  Builder& b = c.b();
  Value x = b.cast(c.tensor("x"), DType::F64), y = b.cast(c.tensor("y"), DType::F64);
  Type type = b.type(y);
  bool columns = type.rank() > 1;
  if (b.type(x) != type || type.rank() == 0 || (columns && !type.shape.back().is_constant())) {
    throw Error(
        fmt::format("r2 compares two of one shape, [...] or [..., columns] of a known number, not {} "
                    "and {}",
                    b.type(c.tensor("x")).str(), b.type(c.tensor("y")).str()));
  }
  Axes rows;
  for (int64_t axis = 0; axis < type.rank() - columns; ++axis) rows.push_back(axis);
  Value mean = mean_over(b, y, rows, true), distance = b.sub(y, mean), error = b.sub(x, y);
  Shape flat{columns ? type.shape.back() : Dim(1)};
  auto column = [&](Value v) { return b.reshape(v, flat); };
  return {stack(b,
                {column(mean), column(sum_over(b, b.mul(distance, distance), rows)),
                 column(sum_over(b, b.mul(error, error), rows))},
                0)};
}

// [..., scores and class]: the score itself, or each class's probability.
Results auc_row(Call c) {
  check_scores(c, "auc");
  Builder& b = c.b();
  Value scores = c.tensor("logits"), target = c.tensor("target");
  DType dtype = b.dtype(scores) == DType::F64 ? DType::F64 : DType::F32;
  note_target(c);
  Shape column = b.shape(target);
  column.push_back(1);
  Value label = b.cast(is_binary(c) ? label_of(b, target) : target, dtype);
  label = unless_ignored(c, if_class(c, label, b.scalar(dtype, kNoNumber)), b.scalar(dtype, -1));
  scores = is_binary(c) ? b.reshape(scores, column) : softmax(b, scores, -1);
  return {concat(b, {b.cast(scores, dtype), b.reshape(label, column)}, -1)};
}

void note_name(Call c, MeasureSpec& spec) {
  const Node& n = c.b().graph().node(c.tensor("target").node);
  if (n.op == Op::Input) spec.target = n.as<InputAttrs>().name;
}

void describe_cells(Call c, MeasureSpec& spec) {
  note_name(c, spec);
  spec.classes = class_count(c);
  spec.width = spec.classes * spec.classes;
}

void describe_accuracy(Call c, MeasureSpec& spec) {
  if (class_count(c) <= kMaxConfusionClasses) return describe_cells(c, spec);
  spec.width = 2;
}

void describe_matrix(Call c, MeasureSpec& spec) {
  describe_cells(c, spec);
  spec.has_value = false;
}

void describe_average(Call c, MeasureSpec& spec) {
  describe_cells(c, spec);
  spec.average = spec.classes == 2 ? Average::Binary : Average::Macro;
  if (c.given("average"))
    spec.average = static_cast<Average>(c.choice("average", {"binary", "macro", "micro", "weighted"}));
  if (spec.average == Average::Binary && spec.classes != 2)
    throw Error(fmt::format("a binary average is of 2 classes, and these are {}", spec.classes),
                {"choose \"macro\", \"micro\" or \"weighted\""});
}

void describe_pair(Call, MeasureSpec& spec) { spec.width = 2; }

void describe_r2(Call c, MeasureSpec& spec) {
  Shape shape = c.b().shape(c.tensor("y"));
  if (shape.size() > 1) {
    spec.width = 1 + 3 * shape.back().value();
    shape.pop_back();
  } else {
    spec.width = 1 + 3;
  }
  spec.examples = element_count(shape);
}

void describe_auc(Call c, MeasureSpec& spec) { spec.width = is_binary(c) ? 2 : class_count(c) + 1; }

constexpr char kPrecision[] = "precision", kRecall[] = "recall", kF1[] = "f1", kMatrix[] = "confusion_matrix";
constexpr std::string_view kOfClasses =
    "logits: tensor, target: tensor, ignore_index: int = none, threshold: real = none";
constexpr std::string_view kAveraged =
    "logits: tensor, target: tensor, average: text = none, ignore_index: int = none, threshold: real = none";

constexpr MeasureRow kRows[] = {
    {{"accuracy", kOfClasses, accuracy_row, "the share of examples whose largest logit is the target's"},
     Fold::Count,
     end_accuracy,
     describe_accuracy},
    {{"top_k", "logits: tensor, target: tensor, k: int = 5, ignore_index: int = none", top_k_row,
      "the share of examples whose target is among the k largest logits"},
     Fold::Count,
     end_share_of_hits,
     describe_pair},
    {{"precision", kAveraged, cells_row<kPrecision>, "tp / (tp + fp)"},
     Fold::Count,
     end_precision,
     describe_average},
    {{"recall", kAveraged, cells_row<kRecall>, "tp / (tp + fn)"}, Fold::Count, end_recall, describe_average},
    {{"f1", kAveraged, cells_row<kF1>, "2 tp / (2 tp + fp + fn)"}, Fold::Count, end_f1, describe_average},
    {{"confusion_matrix", kOfClasses, cells_row<kMatrix>, "how often each class was taken for each"},
     Fold::Count,
     end_none,
     describe_matrix},
    {{"auc", "logits: tensor, target: tensor, ignore_index: int = none", auc_row,
      "the area under the ROC curve; of several classes the mean of each against the others"},
     Fold::Rows,
     end_auc,
     describe_auc},
    {{"perplexity", "logits: tensor, target: tensor, ignore_index: int = none", perplexity_row,
      "e to the cross entropy"},
     Fold::Sum,
     end_perplexity,
     describe_pair,
     false},
    {{"r2", "x: tensor, y: tensor", r2_row,
      "1 - sum((x - y)^2) / sum((y - mean(y))^2), averaged over columns"},
     Fold::Moments,
     end_r2,
     describe_r2},
};

}  // namespace

std::span<const MeasureRow> all_measures() { return kRows; }

const MeasureRow* find_measure(std::string_view name) {
  for (const MeasureRow& row : kRows) {
    if (row.call.name == name) return &row;
  }
  return nullptr;
}

MeasureSpec mean_measure(std::string name) {
  return {.name = std::move(name), .fold = Fold::Mean, .end = end_mean};
}

}  // namespace nnc
