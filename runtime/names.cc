#include "runtime/names.h"

#include <unordered_map>

#include <fmt/format.h>

namespace nnc {

void index_by(const std::vector<std::string>& names, Column& column) {
  std::unordered_map<std::string_view, int32_t> index;
  for (size_t i = 0; i < names.size(); ++i) index.emplace(names[i], static_cast<int32_t>(i));
  for (int32_t& value : column.values.as<int32_t>()) {
    if (value < 0 || static_cast<size_t>(value) >= column.classes.size()) continue;
    const std::string& name = column.classes[static_cast<size_t>(value)];
    auto found = index.find(name);
    value = found == index.end() ? -1 : found->second;
    if (found != index.end() || !column.problem.empty()) continue;
    column.problem = fmt::format("{}: column '{}': '{}' does not occur in the training data", column.place,
                                 column.name, name);
  }
  column.classes = names;
}

}  // namespace nnc
