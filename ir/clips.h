// Limits on gradients before they become an update: a table of rows, one function each.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ir/builder.h"
#include "ir/call_spec.h"

namespace nnc {

struct ClipRow {
  CallRow call;
  /// The limited gradients, each of its own type, in their order.
  std::vector<Value> (*apply)(Builder&, const CallSpec&, const std::vector<Value>& gradients);
};

std::span<const ClipRow> all_clips();
/// The row must exist.
const ClipRow& clip_row(std::string_view name);

}  // namespace nnc
