#include "runtime/split.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/batches.h"

namespace nnc {
namespace {

using Rows = std::vector<int64_t>;

/// A random order in which the samples of a class follow one another.
Rows ordered_by_class(int64_t samples, int64_t seed, std::span<const int64_t> classes) {
  Rows order = epoch_order(samples, seed, 0);  // the epochs of training begin at 1
  if (!classes.empty())
    std::ranges::stable_sort(order, {}, [&](int64_t row) { return classes[static_cast<size_t>(row)]; });
  return order;
}

/// The runs of equal class in `order`; one run without classes.
std::vector<std::span<const int64_t>> runs_of(std::span<const int64_t> order,
                                              std::span<const int64_t> classes) {
  std::vector<std::span<const int64_t>> out;
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    auto other = [&](int64_t row) {
      return !classes.empty() &&
             classes[static_cast<size_t>(row)] != classes[static_cast<size_t>(order[begin])];
    };
    end = static_cast<size_t>(std::find_if(order.begin() + begin, order.end(), other) - order.begin());
    out.push_back(order.subspan(begin, end - begin));
  }
  return out;
}

/// The share of each run goes to `into`; the rest, at least one of each, is returned.
Rows take_share(std::span<const int64_t> order, std::span<const int64_t> classes, double share, Rows& into) {
  Rows rest;
  for (std::span<const int64_t> run : runs_of(order, classes)) {
    auto count = static_cast<size_t>(std::llround(share * static_cast<double>(run.size())));
    count = std::min(count, run.size() - 1);
    into.insert(into.end(), run.begin(), run.begin() + static_cast<std::ptrdiff_t>(count));
    rest.insert(rest.end(), run.begin() + static_cast<std::ptrdiff_t>(count), run.end());
  }
  return rest;
}

Rows take_fold(std::span<const int64_t> order, const SplitSpec& split, Rows& into) {
  Rows rest;
  for (size_t i = 0; i < order.size(); ++i)
    (static_cast<int64_t>(i) % split.folds == split.fold ? into : rest).push_back(order[i]);
  return rest;
}

void check(const Parts& parts, const SplitSpec& split, int64_t samples) {
  bool wants_test = split.kind == SplitSpec::Kind::Folds || split.test > 0;
  const char* empty = parts.train.empty()                                ? "training"
                      : wants_test && parts.test.empty()                 ? "test"
                      : split.validation > 0 && parts.validation.empty() ? "validation"
                                                                         : nullptr;
  if (empty == nullptr) return;
  throw Error(fmt::format("the split of {} samples leaves the {} part empty", samples, empty),
              {"a share is rounded to whole samples; every class keeps one to train on"});
}

}  // namespace

Parts split_in_order(int64_t samples, const SplitSpec& split) {
  bool folds = split.kind == SplitSpec::Kind::Folds;
  auto share = [&](double of) { return std::llround(of * static_cast<double>(samples)); };
  int64_t begin = folds ? samples * split.fold / split.folds : samples - share(split.test);
  int64_t end = folds ? samples * (split.fold + 1) / split.folds : samples;
  Parts parts;
  for (int64_t i = 0; i < samples; ++i) (i >= begin && i < end ? parts.test : parts.train).push_back(i);
  auto validation = std::min(share(split.validation), static_cast<long long>(parts.train.size()));
  parts.validation.assign(parts.train.end() - validation, parts.train.end());
  parts.train.resize(parts.train.size() - static_cast<size_t>(validation));
  check(parts, split, samples);
  return parts;
}

Parts split_samples(int64_t samples, const SplitSpec& split, std::span<const int64_t> classes) {
  Parts parts;
  parts.train = ordered_by_class(samples, split.seed, classes);
  double left = 1;  // of all samples, so that shares stay shares of the whole
  if (split.kind == SplitSpec::Kind::Folds) {
    parts.train = take_fold(parts.train, split, parts.test);
    left -= 1.0 / static_cast<double>(split.folds);
  } else {
    parts.train = take_share(parts.train, classes, split.test, parts.test);
    left -= split.test;
  }
  parts.train = take_share(parts.train, classes, split.validation / left, parts.validation);
  for (Rows* rows : {&parts.train, &parts.validation, &parts.test}) std::ranges::sort(*rows);
  check(parts, split, samples);
  return parts;
}

}  // namespace nnc
