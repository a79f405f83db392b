// Hands the columns of a data set to the inputs and targets of a model (match.h says which), prepared as the model file
// asks for (learn.h) and converted to their types. [B, 1] takes a column of single values as [B] does, and images fit
// inputs whose shape differs by axes of 1 or that is flat.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/module.h"
#include "runtime/dataset.h"
#include "runtime/field_values.h"
#include "runtime/learnt.h"
#include "runtime/match.h"

namespace nnc {

/// One table in the order of the fields, leading axis samples, element types and ranks those of the fields.
struct BoundTable {
  int64_t samples = 0;
  std::vector<FieldValues> inputs, targets;
};

struct BoundData {
  BoundTable train, validation, test;  // the last two may be empty
  Learnt learnt;
};

/// Sets the parts of `split` apart, by class where a target is one, learns from the training part what `columns` ask
/// for, and binds each part. With `known`, from weights that these data are for, that is used instead: fields take the
/// columns they took then, prepared as then, and names have the indices they had. Throws one Error whose notes say what
/// else does not fit: a column that is missing (with a suggestion) or spoilt, a shape that differs, values the field's
/// element type cannot hold; and what split_samples() and learn() throw. Where the first is a shape, it is a PlacedError at
/// the field's declaration.
BoundData bind_data(Dataset data, std::span<const DataField> inputs, std::span<const DataField> targets,
                    const SplitSpec& split = {}, std::span<const CallSpec> columns = {},
                    const Learnt& known = {});

/// The inputs alone, for predictions.
std::vector<Tensor> bind_inputs(Table table, std::span<const DataField> inputs, const Learnt& known);

}  // namespace nnc
