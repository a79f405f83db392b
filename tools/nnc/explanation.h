// What `nnc explain` found, as its text, table, JSON and pictures show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace nnc::tool {

struct ExplainedInput {
  std::string name;
  Tensor values, attributions;        // of one sample, without its leading axis; the latter f64
  std::vector<std::string> features;  // what the elements are called; empty where nothing says so
};

struct Explanation {
  std::string sample;  // "sample 3 of the test part"
  std::string what;    // "logits of class 'cat'", "the loss"
  std::string method;
  double value = 0;                      // of what is explained
  std::optional<double> baseline_value;  // of integrated gradients
  std::vector<ExplainedInput> inputs;
};

/// One element of an input.
struct Feature {
  std::string name;
  double value = 0, attribution = 0;
};
/// All elements in their order, called as the data call them, else "x[3]", "image[0, 12]".
std::vector<Feature> features_of(const ExplainedInput& input);
/// The largest attributions first, whatever their sign; at most so many.
std::vector<Feature> strongest(std::vector<Feature> features, size_t most);
double sum_of_attributions(const Explanation& e);

/// For people: what is explained, whether integrated gradients add up, and the strongest elements of each input.
std::string text_of(const Explanation& e);
/// A row per element.
std::string csv_of(const Explanation& e);
std::string json_of(const Explanation& e);

}  // namespace nnc::tool
