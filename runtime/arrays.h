// Arrays with names as a data set, as the readers of NumPy's files find them.
#pragma once

#include <string>
#include <vector>

#include "runtime/dataset.h"

namespace nnc {

struct NamedArray {
  std::string name;
  Tensor values;
  std::string place;         // "mnist.npz: 'x_train'"
  std::string problem = {};  // why it could not be read; there are no values then
  Table Dataset::*part = &Dataset::train;
};

/// Takes the part out of the name: x_train, train_x and x are training samples of x, x_test and x_val those of other
/// parts.
NamedArray part_by_name(NamedArray array);

/// What columns are for where they are not named like an input or target; empty: nothing is said.
struct ArrayRoles {
  std::string input, target;
};

/// A column for each name, in the order of the arrays. One that has no samples, or not as many as the others of its part, is a
/// column that cannot be used. Throws Error for arrays that are the same column of the same part, for parts without
/// training samples, and for roles that no column has.
Dataset dataset_of(std::vector<NamedArray> arrays, const ArrayRoles& roles, const std::string& place);

/// The columns to predict from: those of the test part, without one of the validation part, and without that of the
/// training part. Their numbers of samples may differ. Throws Error where there are none, or arrays are the same column.
Table samples_of(std::vector<NamedArray> arrays, const std::string& place);

}  // namespace nnc
