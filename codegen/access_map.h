// How a kernel sees an operand: the operand's coordinates as expressions over the loop variables, and the
// guards outside of which a fill stands in for the element. Closed under composition with every movement op
// and window.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/index_expr.h"
#include "ir/graph.h"

namespace nnc {

/// Holds where lo <= index < hi.
struct Guard {
  IndexExpr index;
  Dim lo, hi;
  /// Holds wherever the variables are in range.
  bool always() const;
};

/// One coordinate per axis; they are inside the shape wherever all guards hold.
struct AccessMap {
  std::vector<IndexExpr> index;
  std::vector<Guard> guards;

  bool uses(int variable) const;
  bool has_division() const;
  std::string str() const;
};

/// Row-major position in a tensor of that shape.
IndexExpr linearize(std::span<const IndexExpr> index, const Shape& shape);
/// Coordinates of row-major position `linear`.
std::vector<IndexExpr> delinearize(const IndexExpr& linear, const Shape& shape);

/// A movement op or window: elements of its first operand in other places.
bool only_moves(Op op);
/// The place in the operand that a view reads for the element at `map` of its result. Where a guard that was
/// added does not hold, the element is the pad's value.
AccessMap through_view(const Node& view, const Shape& operand, const AccessMap& map);
/// Operand k of a concat: its coordinates, guarded by the range of the axis it covers, which begins at
/// `start`.
AccessMap through_concat(const Dim& start, const Dim& extent, int64_t axis, const AccessMap& map);
/// The operand's element that tap `tap` of an unwindow adds to the element at `map`, where one does.
/// `windows` is the operand's shape.
AccessMap through_unwindow(const UnwindowAttrs& unwindow, const Shape& windows,
                           std::span<const IndexExpr> tap, const AccessMap& map);

/// The first value that is no view, seen from `value` at `map`. Where a guard fails the element is `fill`.
struct Access {
  Value source;
  AccessMap map;
  std::optional<Literal> fill;
};
/// Follows views; stops before a second pad with another fill.
Access trace_views(const Graph& graph, Value value, AccessMap map);

}  // namespace nnc
