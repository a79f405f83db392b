// Which samples train, validate and test.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/module.h"

namespace nnc {

/// Indices of samples, ascending; every sample is in one part.
struct Parts {
  std::vector<int64_t> train, validation, test;
};

/// Chooses by the seed of `split` alone. With `classes`, one per sample, every class gives each part its share, rounded, and
/// keeps a sample to train on; folds deal the classes out evenly, so that their sizes differ by at most one. Throws
/// Error when a part that is asked for, or the training part, would be empty.
Parts split_samples(int64_t samples, const SplitSpec& split, std::span<const int64_t> classes = {});

/// The same without chance, for samples that follow one another: those to train on, then those to validate, then those to
/// test; or the fold as a run of samples, those to validate being the last of the others.
Parts split_in_order(int64_t samples, const SplitSpec& split);

}  // namespace nnc
