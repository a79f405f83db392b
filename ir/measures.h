// Measures: numbers about a whole set of samples, which are no mean of what its batches give. One row each: what a graph
// puts out for a batch, how batches are put together, and what becomes of it at the end of the set.
//
//   f1(logits, digit)  ->  a cell of the confusion matrix per example  ->  counted  ->  2 tp / (2 tp + fp + fn)
//
// Any other expression of one number is a measure too: its mean over batches, weighed by their samples.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ir/layers.h"

namespace nnc {

/// How the outputs of batches are put together, in doubles.
enum class Fold : uint8_t {
  Mean,  // a scalar: [sum of value * samples, samples]
  Sum,   // added element by element
  Count,  // integers: how often each of 0 … width - 1 came; -1 is left out, and width is a class that is none
  Moments,  // [3, k] mean, squared distances to it and squared errors: [n, then the same of all rows]
  Rows,     // kept one after the other, width numbers each
};

enum class Average : uint8_t { Binary, Macro, Micro, Weighted };

struct MeasureSpec;
/// The number that the folded outputs amount to; NaN where there is none, as without examples.
using MeasureEnd = double (*)(const MeasureSpec&, std::span<const double>);

/// A measure of a model; its graph puts out one value of this name.
struct MeasureSpec {
  std::string name;
  Fold fold = Fold::Mean;
  MeasureEnd end = nullptr;
  int64_t width = 2;    // numbers the fold keeps; of each row where it keeps rows
  Dim examples = 1;     // rows behind a batch's moments
  int64_t classes = 0;  // the counts are a confusion matrix of that many, [target * classes + prediction]
  Average average = Average::Binary;
  bool has_value = true;  // false: the matrix is all there is
  std::string target;     // the input its classes come from; empty where that is an expression
  bool larger_is_better = false;
};

struct MeasureRow {
  LayerRow call;  // `build` gives what the graph puts out
  Fold fold;
  MeasureEnd end;
  void (*describe)(const LayerCall&, MeasureSpec&);  // the rest of the spec, from the arguments
  bool larger_is_better = true;
};

std::span<const MeasureRow> all_measures();
const MeasureRow* find_measure(std::string_view name);
/// The mean of an expression.
MeasureSpec mean_measure(std::string name);

/// More classes than these have no confusion matrix.
inline constexpr int64_t kMaxConfusionClasses = 1024;

// Ends (measure_ends.cc), of what each fold says above.
double end_mean(const MeasureSpec&, std::span<const double> sums);
double end_perplexity(const MeasureSpec&, std::span<const double> sums);     // e^(sum / count)
double end_share_of_hits(const MeasureSpec&, std::span<const double> hits);  // counts of misses and of hits
double end_accuracy(const MeasureSpec&, std::span<const double> matrix);
/// Of the positive class (1), or averaged over the classes that occur, as scikit-learn does; 0 / 0 counts 0.
double end_precision(const MeasureSpec&, std::span<const double> matrix);  // tp / (tp + fp)
double end_recall(const MeasureSpec&, std::span<const double> matrix);     // tp / (tp + fn)
double end_f1(const MeasureSpec&, std::span<const double> matrix);         // 2 tp / (2 tp + fp + fn)
double end_none(const MeasureSpec&, std::span<const double> matrix);
/// The mean over columns of 1 - squared errors / squared distances to the mean.
double end_r2(const MeasureSpec&, std::span<const double> moments);
/// The probability that a positive example scores above a negative one, ties counting half (Mann and Whitney's U). Rows
/// are scores, then the class or -1 for an example that is left out; with several scores the mean over the classes that some examples have and others not.
double end_auc(const MeasureSpec&, std::span<const double> rows);

}  // namespace nnc
