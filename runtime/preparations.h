// Preparing the columns of a table: what each call of a train block's `columns` (ir/column_rows.h) fits to the training
// part, and how that is applied to any part. One row and two functions per kind.
#pragma once

#include <string_view>

#include "ir/call_spec.h"
#include "runtime/dataset.h"
#include "runtime/learnt.h"

namespace nnc {

/// Whether columns like this are what the kind is for: one value per sample, numbers or text.
bool suits(std::string_view kind, const Column& column);
/// Whether the kind may be asked for of this column by its name; empty, or why not.
std::string why_not(std::string_view kind, const Column& column, bool is_target);

/// Fits the call to all samples of the column. Throws Error where they have no value to fit to.
Preparation fit(const CallSpec& call, const Column& column);
/// What does not fit becomes the column's problem, with its place.
void apply(const Preparation& preparation, Column& column);

}  // namespace nnc
