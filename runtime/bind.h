// Hands the columns of a data set to the inputs and targets of a model, converted to their types.
//
// An input or target takes the column of its name. What is left over: a single target takes the column marked
// as the label; an input takes the column marked as input (the images of idx and digits), or, where it is [B,
// k], the k columns nobody else has claimed, in the order of the file. [B, 1] takes a column of single values
// as [B] does, and images fit inputs whose shape differs by axes of 1 or that is flat.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/module.h"
#include "ir/type.h"
#include "runtime/dataset.h"
#include "runtime/learnt.h"

namespace nnc {

/// An input or a target: its leading axis counts samples, the others are numbers or symbols.
struct DataField {
  std::string name;
  Type type;
  bool classes = false;  // a target whose values are class indices
};

/// One table in the order of the fields, leading axis samples, element types and ranks those of the fields.
struct BoundTable {
  int64_t samples = 0;
  std::vector<Tensor> inputs, targets;
};

struct BoundData {
  BoundTable train, validation, test;  // the last two may be empty
  Learnt learnt;
};

/// Sets the parts of `split` apart, by class where a target is one, and binds each. With `known`, from weights that
/// these data are for, fields take the columns they took then, and names have the indices they had. Throws one Error
/// whose notes say what else does not fit: a column that is missing (with a suggestion) or spoilt, a shape that differs,
/// values the field's element type cannot hold; and what split_samples() throws.
BoundData bind_data(Dataset data, std::span<const DataField> inputs, std::span<const DataField> targets,
                    const SplitSpec& split = {}, const Learnt& known = {});

/// The values as `to` where none loses more than the rounding between float types; otherwise an Error that
/// names the first sample that does. `what` begins the message.
Tensor convert_exactly(Tensor from, DType to, const std::string& what);

}  // namespace nnc
