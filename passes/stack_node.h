// A node of a scan's body applied to all steps at once: some operands carry a leading axis of the scan's
// length, and so does the result. Used where work moves out of a loop over time.
#pragma once

#include "ir/builder.h"

namespace nnc {

/// Whether stack_node knows the node when the operands marked `stacked` have the leading axis.
bool can_stack(const Node& n, const std::vector<bool>& stacked);

/// The one result of `n` for every step, [length, ...]. `operands` stand for those of `n`, at least one is
/// stacked.
Value stack_node(Builder& b, const Node& n, const std::vector<Value>& operands,
                 const std::vector<bool>& stacked, const Dim& length);

/// `v` repeated along a new leading axis.
Value repeat_leading(Builder& b, Value v, const Dim& length);

}  // namespace nnc
