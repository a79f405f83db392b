#include "ir/type.h"

namespace nnc {

std::string to_string(const Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + shape[i].str();
  return out + "]";
}

std::string Type::str() const { return std::string(name_of(dtype)) + to_string(shape); }

Dim element_count(const Shape& shape) {
  Dim count(1);
  for (const Dim& d : shape) count = count * d;
  return count;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), Dim(1));
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace nnc
