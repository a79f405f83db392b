// The sample that `nnc explain` explains, and how far apart its values may lie.
#pragma once

#include <string>
#include <vector>

#include "runtime/attribution.h"

namespace nnc::tool {

/// Row `row` of every tensor. Throws Error, naming the place, where there are fewer.
ExplainedSample sample_of(const BoundTable& table, int64_t row, const std::string& where);
/// Inputs alone as a table. Throws Error where they differ in their numbers of samples.
BoundTable table_of_inputs(std::vector<Tensor> inputs);

/// The shape of a sample without its leading axis.
std::vector<int64_t> shape_of_one(const Tensor& sample);

/// What the elements of an input are called: its columns, and the values of those that one_hot took apart, "sex = MALE".
/// Nothing where that is not known of all of them.
std::vector<std::string> feature_names(const Learnt& learnt, const std::string& input, int64_t elements);

/// What the noise of smooth-grad is a share of: pixels have one range, that of their image; features each have their own,
/// which only training data tell. Nothing without data.
std::vector<Tensor> noise_ranges(const BoundTable& training, const ExplainedSample& sample);

}  // namespace nnc::tool
