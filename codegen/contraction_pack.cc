// The parts of a contraction's nest that pack panels: any expression that can be pulled, read along the axis
// in which it is contiguous.
#include "codegen/contraction_nest.h"

namespace nnc::contraction {

Val Nest::element(const Operand& operand, const Point& at, const Lanes& lanes) {
  return b_.cast(pull_.vector(operand.value, form_.operand_map(operand, at), lanes), dtype());
}

// Lanes past the end of depth or of the block are packed as well, as zeros or repeated elements that nothing
// reads.
void Nest::pack_rows(const Chunk& c) {
  const Operand& operand = form_.rows();
  const bool along_depth = plan_.rows == RowLayout::PanelByDepth;
  const Count &outer = along_depth ? task_.rows : c.depth, &inner = along_depth ? c.depth : task_.rows;
  b_.for_each(b_.index(0), outer.value, 1, [&](Val i) {
    b_.for_each(b_.index(0), inner.value, lanes(), [&](Val j) {
      Pull::Scope scope(pull_);
      IndexExpr row = row_at(along_depth ? i : j);
      IndexExpr depth = variable(kDepth, b_.add(c.first, along_depth ? j : i));
      Lanes l{lanes(), Pull::id_of(along_depth ? depth : row), b_.lane_mask(b_.sub(inner.value, j), lanes())};
      Val to = b_.add(b_.mul(i, b_.index(row_panel_stride())), j);
      b_.store(row_panel_, to, element(operand, {task_.batch, row, 0, depth}, l));
    });
  });
}

void Nest::pack_columns(const Chunk& c, const Panel& p) {
  if (plan_.columns == ColumnLayout::Transposed)
    pack_columns_transposed(c, p);
  else
    pack_columns_plain(c, p);
}

void Nest::pack_columns_plain(const Chunk& c, const Panel& p) {
  const int64_t width = static_cast<int64_t>(p.vectors) * lanes();
  b_.for_each(b_.index(0), c.depth.value, 1, [&](Val k) {
    Pull::Scope scope(pull_);
    IndexExpr depth = variable(kDepth, b_.add(c.first, k));
    for (int j = 0; j < p.vectors; ++j) {
      IndexExpr column = column_at(b_.add(p.first, b_.index(j * lanes())));
      Lanes l{lanes(), Pull::id_of(column), j + 1 == p.vectors ? p.mask : Val{}};
      Val to = b_.add(b_.add(panel_base(p), b_.mul(k, b_.index(width))), b_.index(j * lanes()));
      b_.store(column_panel_, to, element(form_.columns(), {task_.batch, 0, column, depth}, l));
    }
  });
}

// Squares of lanes x lanes elements: one vector along depth of each column, turned over. Past the last column
// the last one is read again.
void Nest::pack_columns_transposed(const Chunk& c, const Panel& p) {
  const int64_t width = static_cast<int64_t>(p.vectors) * lanes();
  Val last = b_.sub(task_.columns.value, b_.index(1));
  b_.for_each(b_.index(0), c.depth.value, lanes(), [&](Val k) {
    b_.for_each(b_.index(0), b_.index(width), lanes(), [&](Val j) {
      Pull::Scope scope(pull_);
      IndexExpr depth = variable(kDepth, b_.add(c.first, k));
      Lanes l{lanes(), Pull::id_of(depth), b_.lane_mask(b_.sub(c.depth.value, k), lanes())};
      std::vector<Val> square;
      for (int i = 0; i < lanes(); ++i) {
        Val at = b_.add(b_.add(p.first, j), b_.index(i));
        IndexExpr column = column_at(p.mask.valid() ? b_.imin(at, last) : at);
        square.push_back(element(form_.columns(), {task_.batch, 0, column, depth}, l));
      }
      square = transpose_lanes(b_, std::move(square));
      Val to = b_.add(b_.add(panel_base(p), b_.mul(k, b_.index(width))), j);
      for (int i = 0; i < lanes(); ++i) b_.store(column_panel_, b_.add(to, b_.index(i * width)), square[i]);
    });
  });
}

}  // namespace nnc::contraction
