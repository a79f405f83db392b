// A contraction in normal form, C[batch, row, column] = sum over depth of L[batch, row, depth] * R[batch,
// depth, column], each of the four an axis flattened from any number of axes. Columns are the axis vectors
// lie along: either operand of the dot may supply them, and its leading free axes may be counted as batch, so
// that a convolution's vectors run over the pixels of one image.
#pragma once

#include <optional>
#include <vector>

#include "codegen/access_map.h"
#include "ir/graph.h"

namespace nnc::contraction {

/// The four flattened axes. Analysis uses them as the variables' ids.
enum Axis : int { kBatch, kRow, kColumn, kDepth };

/// A place in the iteration space.
struct Point {
  IndexExpr batch, row, column, depth;
};

/// An operand that can be read where it lies: an input's elements, so far apart along the free axis and
/// depth.
struct Strided {
  NodeId input;
  Dim free_stride, depth_stride;
};

/// Which neighbour in an operand or a result is next in memory.
enum class Unit : uint8_t { Neither, Free, Depth };

struct Operand {
  Value value;
  int free_axis = kRow;            // kRow or kColumn
  std::optional<Strided> strided;  // when it is in the accumulator's type already
  Unit unit = Unit::Neither;
};

/// Which side supplies the vectors, and how many of its leading free axes count as batch.
struct Orientation {
  bool vector_is_rhs = true;
  int peeled = 0;
};

class Form {
 public:
  /// `body` holds exactly one dot. Throws Error where a result is no moved pointwise function of it.
  Form(const Graph& body, Orientation orientation);

  const Graph& body() const { return body_; }
  const Orientation& orientation() const { return orientation_; }
  Value dot() const { return {dot_, 0}; }
  DType accumulator() const { return body_.node(dot_).results[0].dtype; }
  const Dim& extent(Axis axis) const { return extents_[axis]; }

  /// The row operand (broadcast element by element) and the column operand (read as vectors).
  const Operand& rows() const { return rows_; }
  const Operand& columns() const { return columns_; }
  /// The operand's coordinates at a point.
  AccessMap operand_map(const Operand& operand, const Point& at) const;
  /// Of a strided operand: the position in its input's memory.
  IndexExpr position(const Operand& operand, const Point& at) const;
  /// The dot result's coordinates at a point.
  AccessMap dot_map(const Point& at) const;
  /// Output k's coordinates where it depends on the dot at that point.
  AccessMap output_map(size_t k, const Point& at) const;
  /// The position of output k's element in memory.
  IndexExpr output_offset(size_t k, const Point& at) const;
  /// Whether the only output is the dot itself, only moved.
  bool plain() const;
  /// Whether rows or columns are neighbours in output 0; columns where neither are.
  Axis output_unit() const;
  /// Whether neither are.
  bool scattered() const;
  /// The axis variables themselves.
  Point variables() const;

 private:
  struct Side {
    std::vector<int64_t> batch, contract, free;  // axes of the operand
  };

  Side side(bool rhs) const;
  const Side& column_side() const { return orientation_.vector_is_rhs ? rhs_ : lhs_; }
  Shape shape_of(bool rhs, const std::vector<int64_t>& axes) const;
  Operand operand(bool rhs);
  Unit unit_of(Value v, const AccessMap& map, int free_axis) const;

  const Graph& body_;
  Orientation orientation_;
  NodeId dot_ = 0;
  Side lhs_, rhs_;
  Shape batch_shape_, row_shape_, column_shape_, depth_shape_;
  Dim extents_[4];
  Operand rows_, columns_;
};

/// The one dot of a body.
NodeId find_dot(const Graph& body);

}  // namespace nnc::contraction
