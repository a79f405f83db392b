// What measures amount to at the end of a set.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "ir/measures.h"

namespace nnc {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

// One class against the others.
struct Tally {
  double hit = 0, predicted = 0, actual = 0;
};

Tally tally_of(std::span<const double> matrix, int64_t classes, int64_t c) {
  Tally t{.hit = matrix[c * classes + c]};
  for (int64_t i = 0; i < classes; ++i) {
    t.actual += matrix[c * classes + i];
    t.predicted += matrix[i * classes + c];
  }
  return t;
}

Tally micro_tally(std::span<const double> matrix, int64_t classes) {
  Tally all;
  for (int64_t c = 0; c < classes; ++c) {
    Tally t = tally_of(matrix, classes, c);
    all.hit += t.hit;
    all.predicted += t.predicted;
    all.actual += t.actual;
  }
  return all;
}

template <class Rate>
double averaged(const MeasureSpec& spec, std::span<const double> matrix, Rate rate) {
  if (std::ranges::all_of(matrix, [](double count) { return count == 0; })) return kNoNumber;
  if (spec.average == Average::Binary) return rate(tally_of(matrix, spec.classes, 1));
  if (spec.average == Average::Micro) return rate(micro_tally(matrix, spec.classes));
  double sum = 0, weights = 0;
  for (int64_t c = 0; c < spec.classes; ++c) {
    Tally t = tally_of(matrix, spec.classes, c);
    if (t.actual + t.predicted == 0) continue;
    double weight = spec.average == Average::Weighted ? t.actual : 1;
    sum += weight * rate(t);
    weights += weight;
  }
  return share(sum, weights);
}

// Mann and Whitney: the positives' ranks, equal scores sharing their mean rank. NaN without both kinds.
double binary_auc(const std::vector<std::pair<double, bool>>& sorted) {
  double ranks = 0, positives = 0;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i;
    double tied = 0;
    for (; end < sorted.size() && sorted[end].first == sorted[i].first; ++end) tied += sorted[end].second;
    ranks += tied * (static_cast<double>(i + end) + 1) / 2;
    positives += tied;
    i = end;
  }
  double negatives = static_cast<double>(sorted.size()) - positives;
  if (positives == 0 || negatives == 0) return kNoNumber;
  return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

double auc_of_class(std::span<const double> rows, int64_t width, int64_t score, double positive) {
  std::vector<std::pair<double, bool>> examples;
  for (size_t at = 0; at < rows.size(); at += width) {
    double label = rows[at + width - 1];
    if (std::isnan(label)) return kNoNumber;
    if (label >= 0) examples.emplace_back(rows[at + score], label == positive);
  }
  std::sort(examples.begin(), examples.end());
  return binary_auc(examples);
}

}  // namespace

double end_mean(const MeasureSpec&, std::span<const double> sums) { return sums[0] / sums[1]; }

double end_perplexity(const MeasureSpec&, std::span<const double> sums) {
  return std::exp(sums[0] / sums[1]);
}

double end_share_of_hits(const MeasureSpec&, std::span<const double> hits) {
  return hits[1] / (hits[0] + hits[1]);
}

double end_accuracy(const MeasureSpec& spec, std::span<const double> matrix) {
  if (spec.classes == 0) return end_share_of_hits(spec, matrix);
  double hits = 0;
  for (int64_t c = 0; c < spec.classes; ++c) hits += matrix[c * spec.classes + c];
  return hits / std::accumulate(matrix.begin(), matrix.end(), 0.0);
}

double end_precision(const MeasureSpec& spec, std::span<const double> matrix) {
  return averaged(spec, matrix, [](const Tally& t) { return share(t.hit, t.predicted); });
}

double end_recall(const MeasureSpec& spec, std::span<const double> matrix) {
  return averaged(spec, matrix, [](const Tally& t) { return share(t.hit, t.actual); });
}

double end_f1(const MeasureSpec& spec, std::span<const double> matrix) {
  return averaged(spec, matrix, [](const Tally& t) { return share(2 * t.hit, t.predicted + t.actual); });
}

double end_none(const MeasureSpec&, std::span<const double>) { return kNoNumber; }

// A column that never changes has nothing to explain: 1 where it was met exactly, else 0.
double end_r2(const MeasureSpec& spec, std::span<const double> moments) {
  int64_t columns = (spec.width - 1) / 3;
  if (moments[0] == 0) return kNoNumber;
  double sum = 0;
  for (int64_t c = 0; c < columns; ++c) {
    double distances = moments[1 + columns + c], errors = moments[1 + 2 * columns + c];
    sum += distances == 0 ? (errors == 0 ? 1 : 0) : 1 - errors / distances;
  }
  return sum / static_cast<double>(columns);
}

double end_auc(const MeasureSpec& spec, std::span<const double> rows) {
  if (std::any_of(rows.begin(), rows.end(), [](double x) { return std::isnan(x); })) return kNoNumber;
  if (spec.width == 2) return auc_of_class(rows, 2, 0, 1);
  double sum = 0, count = 0;
  for (int64_t c = 0; c + 1 < spec.width; ++c) {
    double auc = auc_of_class(rows, spec.width, c, static_cast<double>(c));
    if (std::isnan(auc)) continue;
    sum += auc;
    ++count;
  }
  return count == 0 ? kNoNumber : sum / count;
}

}  // namespace nnc
