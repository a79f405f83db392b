// What a table looks like to somebody who is to write a model for it: which column to predict, which columns to predict
// it from and how to prepare them, which to leave out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/dataset.h"

namespace nnc::tool {

/// A column to predict from.
struct Predictor {
  std::string name;
  std::vector<std::string> categories;  // of text; none of numbers
  bool gaps = false;                    // samples without a value
  bool rare = false;                    // a category of so few samples that a part may lack it

  int64_t width() const { return categories.empty() ? 1 : static_cast<int64_t>(categories.size()); }
};

struct TableGuess {
  int64_t samples = 0;
  std::string target, why;           // `why` it and not another; empty where it was asked for
  std::vector<std::string> classes;  // of the target; none where it is a quantity
  bool target_is_text = false, target_gaps = false;
  double mean = 0, deviation = 1;  // of a quantity
  std::vector<Predictor> features;
  std::vector<std::pair<std::string, std::string>> left_out;  // the name, and why

  int64_t width() const;
};

/// `target` is empty where it is to be guessed: the last column, or the first where that cannot be one. Throws Error where
/// neither can, where there is no such column, and where nothing is left to predict from.
TableGuess look_at(const Table& table, const std::string& target, const std::string& path);

}  // namespace nnc::tool
