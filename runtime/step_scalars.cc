#include "runtime/step_scalars.h"

#include <cassert>
#include <utility>

#include "passes/training_step.h"

namespace nnc {

const std::byte* StepScalars::find(std::string_view name) const {
  const std::pair<std::string_view, const void*> all[] = {
      {kLearningRateInput, &learning_rate}, {kShareInput, &share}, {kUpdateInput, &update}};
  for (const auto& [known, place] : all) {
    if (known == name) return static_cast<const std::byte*>(place);
  }
  assert(!"no scalar of a training step");
  return nullptr;
}

}  // namespace nnc
