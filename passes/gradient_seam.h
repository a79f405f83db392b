// What a model file puts between gradients and update: accumulation over several batches, then clipping. Both read
// gradients of the arithmetic's type (f32 for bf16 storage), and leave them so.
#pragma once

#include <vector>

#include "passes/training_step.h"

namespace nnc {

/// In the order they apply; empty where gradients become updates as they are.
std::vector<GradientTransform> seam_transforms(const UpdateSpec& update);

}  // namespace nnc
