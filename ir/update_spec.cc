#include "ir/update_spec.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/path_pattern.h"

namespace nnc {

const ParamGroup* group_of(const UpdateSpec& update, std::string_view path) {
  auto it =
      std::ranges::find_if(update.groups, [&](const ParamGroup& g) { return path_matches(g.pattern, path); });
  return it == update.groups.end() ? nullptr : &*it;
}

OptimizerSpec optimizer_for(const UpdateSpec& update, std::string_view path) {
  OptimizerSpec out = update.optimizer;
  const ParamGroup* group = group_of(update, path);
  if (group && group->weight_decay) out.args["weight_decay"] = *group->weight_decay;
  return out;
}

std::string surroundings(const UpdateSpec& u) {
  std::string out = fmt::format("clip {}, accumulate {}, average {}", str(u.clips), u.accumulate,
                                u.average ? fmt::format("{}", *u.average) : "none");
  for (const ParamGroup& g : u.groups) {
    std::string decay = g.weight_decay ? fmt::format("{}", *g.weight_decay) : "none";
    out += fmt::format(", group \"{}\" (rate = {}, weight_decay = {}, frozen = {})", g.pattern, g.rate, decay,
                       g.frozen);
  }
  return out;
}

std::string average_path(std::string_view param) { return fmt::format("{}.average", param); }

DType average_type(DType param) { return param == DType::BF16 ? DType::F32 : param; }

}  // namespace nnc
