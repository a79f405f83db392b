// The type of a value: element type and shape. Rank 0 is a scalar.
#pragma once

#include <string>
#include <vector>

#include "ir/dim.h"
#include "ir/dtype.h"

namespace nnc {

using Shape = std::vector<Dim>;

struct Type {
  DType dtype = DType::F32;
  Shape shape;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  bool is_scalar() const { return shape.empty(); }
  /// "f32[B, 784]"; a scalar prints as "f32[]".
  std::string str() const;
  bool operator==(const Type&) const = default;
};

/// "[B, 784]".
std::string to_string(const Shape& shape);
/// Product of the extents; 1 for a scalar.
Dim element_count(const Shape& shape);
/// Row-major strides in elements.
Shape row_major_strides(const Shape& shape);

}  // namespace nnc
