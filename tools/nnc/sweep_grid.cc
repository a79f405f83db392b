#include "tools/nnc/sweep_grid.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc::tool {
namespace {

constexpr size_t kMaxCombinations = 100'000;

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (c == ',')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

GridAxis parse_axis(const std::string& argument) {
  size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(fmt::format("'--grid {}' is not of the form NAME=VALUE,VALUE", argument),
                {"for example --grid train.lr=1e-2,1e-3"});
  GridAxis axis{argument.substr(0, equals), split_at_commas(argument.substr(equals + 1))};
  for (size_t i = 0; i < axis.values.size(); ++i) {
    const std::string& value = axis.values[i];
    if (value.empty()) throw Error(fmt::format("'--grid {}' has an empty value", argument));
    if (std::find(axis.values.begin(), axis.values.begin() + static_cast<ptrdiff_t>(i), value) !=
        axis.values.begin() + static_cast<ptrdiff_t>(i))
      throw Error(fmt::format("'--grid {}' has the value {} twice", argument, value));
  }
  return axis;
}

}  // namespace

std::vector<GridAxis> parse_grid(const std::vector<std::string>& arguments) {
  std::vector<GridAxis> axes;
  for (const std::string& argument : arguments) {
    GridAxis axis = parse_axis(argument);
    for (const GridAxis& other : axes) {
      if (other.name == axis.name)
        throw Error(fmt::format("--grid is given twice for {}", axis.name), {"give all values in one list"});
    }
    axes.push_back(std::move(axis));
  }
  return axes;
}

std::vector<std::vector<std::string>> combinations(const std::vector<GridAxis>& axes) {
  std::vector<std::vector<std::string>> out(1);
  for (const GridAxis& axis : axes) {
    std::vector<std::vector<std::string>> longer;
    if (out.size() * axis.values.size() > kMaxCombinations)
      throw Error(fmt::format("the grid has more than {} combinations", kMaxCombinations));
    for (const std::vector<std::string>& values : out) {
      for (const std::string& value : axis.values) {
        longer.push_back(values);
        longer.back().push_back(value);
      }
    }
    out = std::move(longer);
  }
  return out;
}

Overrides settings_of(const std::vector<GridAxis>& axes, const std::vector<std::string>& values) {
  Overrides out;
  for (size_t i = 0; i < axes.size(); ++i) out.push_back(axes[i].name + "=" + values[i]);
  return out;
}

}  // namespace nnc::tool
