// What a sweep tries: every combination of the values of its axes, each perhaps on several folds and from several seeds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/module.h"

namespace nnc::tool {

/// `--grid train.lr=1e-2,1e-3`.
struct GridAxis {
  std::string name;
  std::vector<std::string> values;
};

/// Throws Error for an axis without a name or a value, an empty value, and what is given twice.
std::vector<GridAxis> parse_grid(const std::vector<std::string>& arguments);

/// The values of every combination, in the order of the axes, the last running fastest; one without values where there are
/// no axes. Throws Error where there are more than a sweep can be meant to have.
std::vector<std::vector<std::string>> combinations(const std::vector<GridAxis>& axes);

/// "train.lr=1e-2", "model.hidden=32".
Overrides settings_of(const std::vector<GridAxis>& axes, const std::vector<std::string>& values);

}  // namespace nnc::tool
