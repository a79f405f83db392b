// What a training step reads beside the data: the scalars of passes/training_step.h, at places that stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nnc {

struct StepScalars {
  double learning_rate = 0;
  double share = 1;    // of the samples of its update
  uint8_t update = 1;  // whether it is the last batch of its update

  /// Where the input of that name lies. There must be one.
  const std::byte* find(std::string_view name) const;
};

}  // namespace nnc
