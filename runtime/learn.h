// What there is to learn about the columns of a model's data: learnt from the training part alone, applied to any part.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/call_spec.h"
#include "runtime/dataset.h"
#include "runtime/learnt.h"
#include "runtime/match.h"

namespace nnc {

/// Notes the columns of the fields, fits the `calls` of the model file to the training part in their order, notes the
/// names of text, and prepares the part by all that. Throws Error for a call that means no column or one it cannot
/// prepare, and for a target of one class.
Learnt learn(Table& train, std::span<const DataField> inputs, std::span<const DataField> targets,
             const Claims& claims, std::span<const CallSpec> calls);

/// Applies the preparations and gives text the indices it had. What does not fit becomes a column's problem.
void prepare(Table& table, const Learnt& learnt, std::span<const DataField> targets);

/// Throws Error where the weights were trained with other `columns` than the model file has.
void check_same_columns(const Learnt& known, std::span<const CallSpec> calls);

}  // namespace nnc
