// How the columns of a table can be prepared before a model sees them, as a train block's `columns` says it:
//
//   columns impute("bill_*"), standardize("bill_*"), one_hot("island", unknown = "zeros")
//
// These are the rows' names and arguments. What is fitted to the training part, and how it is applied to any part, is
// runtime/preparations.h.
#pragma once

#include <span>

#include "ir/call_spec.h"

namespace nnc {

/// Each has the argument `columns`: names, or patterns in which `*` stands for any text.
std::span<const CallRow> all_column_rows();

}  // namespace nnc
