// How gradients become updates, as a model file says it: the optimizer, groups of parameters it treats differently,
// and what lies between gradients and update.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/call_spec.h"
#include "ir/optimizers.h"

namespace nnc {

/// The parameters whose paths match `pattern`, and how they differ.
struct ParamGroup {
  std::string pattern;
  double rate = 1;                     // a factor of the learning rate
  std::optional<double> weight_decay;  // instead of the optimizer's
  bool frozen = false;                 // never updated: no gradient is computed
  Loc loc;
};

struct UpdateSpec {
  OptimizerSpec optimizer;         // the learning rate is its argument "lr"
  Loc loc = {};                    // of the optimizer in the model file
  std::vector<ParamGroup> groups;  // the first that matches a path counts
  std::vector<CallSpec> clips;     // of all_clips(), in the order they are applied
  int64_t accumulate = 1;          // batches per update
  std::optional<double> average;   // decay of the moving average of the weights that evaluation uses
};

/// Null where no group matches.
const ParamGroup* group_of(const UpdateSpec& update, std::string_view path);
/// The optimizer as it treats the parameter of that path.
OptimizerSpec optimizer_for(const UpdateSpec& update, std::string_view path);
/// All of it but the optimizer, as one text: equal texts mean the same updates.
std::string surroundings(const UpdateSpec& update);

/// Where the moving average of a parameter is kept, as state, and its type: f32 for bf16, whose digits would lose it.
std::string average_path(std::string_view param);
DType average_type(DType param);

}  // namespace nnc
