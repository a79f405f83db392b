// Tables of drawn points of the plane with a label each: what the sources that make up classes in two
// dimensions have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/dataset.h"
#include "runtime/draws.h"

namespace nnc {

struct LabelledPoint {
  PlanePoint point;
  int64_t label = 0;
};

/// Samples 0 … n - 1 to train and a fifth as many more to test, as the columns "point" and "label"; `source`
/// stands for the place in messages.
Dataset drawn_points(const std::string& source, int64_t n,
                     const std::function<LabelledPoint(int64_t sample)>& draw);

}  // namespace nnc
