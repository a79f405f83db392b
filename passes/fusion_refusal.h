// Why two neighbours stay apart: what a decision of FusionGroups answers where it is not yes.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace nnc {

enum class Apart : uint8_t {
  Not,  // they may share a kernel
  // An op and the group that makes one of its operands.
  Begins,   // the op's kernel holds one such op, and begins with it
  Between,  // a third group needs the one and is needed by the other: `culprit` is in it
  Beside,   // the op shares a kernel with something else it reads
  Moves,    // a view between the two, `culprit`, changes where an element is
  Shapes,   // they have elements at other points
  Axes,     // a fold over other axes than the kernel's rows
  Tiles,    // a fold of a product, whose results leave tile by tile
  Unready,  // a fold of what is itself known only when the kernel's own folds are done
  Across,   // a row's result is read by other rows, or along other axes
  Taps,     // one of them is computed tap by tap where it is summed, and never stored
  Whole,    // results of a scan or of scatter_add are complete at its end
  Copied,   // the op is a view whose result must be in memory
  // A pointwise group and what reads it.
  Stored,   // it is a result of the graph, or read by a scan
  Readers,  // more than one kernel reads it
  Dear,     // every tile or row would compute `culprit` again
  Long,     // every tile or row would repeat all of its operations
};

struct Refusal {
  Apart why = Apart::Not;
  NodeId culprit = UINT32_MAX;
  bool operator==(const Refusal&) const = default;
  explicit operator bool() const { return why != Apart::Not; }
};

/// Some op of the group that makes a value, the op that reads it, and why they are not one kernel.
struct Refused {
  NodeId producer, reader;
  Refusal refusal;
};

}  // namespace nnc
