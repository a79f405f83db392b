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
  if (plan_.rows == RowLayout::PanelByDepth)
    pack_rows_by_depth(c);
  else
    pack_rows_by_row(c);
}

void Nest::pack_rows_by_depth(const Chunk& c) {
  b_.for_each(b_.index(0), at_.packed.count.value, 1, [&](Val i) {
    for_depth_vectors(c, [&](Val k, Val active) {
      IndexExpr row = row_at(b_.add(at_.packed.first, i)), depth = variable(kDepth, b_.add(c.first, k));
      Lanes l{lanes(), Pull::id_of(depth), active};
      Val to = b_.add(b_.mul(i, b_.index(row_panel_stride())), k);
      b_.store(row_panel_, to, element(form_.rows(), {at_.batch, row, 0, depth}, l));
    });
  });
}

// Whole vectors of the chunk's steps, then, with a mask, what is left.
void Nest::for_depth_vectors(const Chunk& c, const std::function<void(Val k, Val active)>& body) {
  Val depth = c.depth.value, whole = b_.mul(b_.idiv(depth, b_.index(lanes())), b_.index(lanes()));
  b_.for_each(b_.index(0), whole, lanes(), [&](Val k) {
    Pull::Scope scope(pull_);
    body(k, {});
  });
  if (c.depth.fixed && *c.depth.fixed % lanes() == 0) return;
  b_.if_then(b_.lt(whole, depth), [&] {
    Pull::Scope scope(pull_);
    body(whole, b_.lane_mask(b_.sub(depth, whole), lanes()));
  });
}

// Strip after strip, each with its rows side by side at every step. Depth is outermost: a step reads neighbours
// all along the block.
void Nest::pack_rows_by_row(const Chunk& c) {
  const int64_t step = plan_.tile.rows, stride = row_panel_stride();
  b_.for_each(b_.index(0), c.depth.value, 1, [&](Val k) {
    b_.for_each(b_.index(0), at_.packed.count.value, step, [&](Val first) {
      Val strip = b_.mul(b_.idiv(first, b_.index(step)), b_.index(stride * panel_steps()));
      for (int64_t i = 0; i < step; i += lanes()) {
        Pull::Scope scope(pull_);
        Val at = b_.add(first, b_.index(i));
        IndexExpr row = row_at(b_.add(at_.packed.first, at)), depth = variable(kDepth, b_.add(c.first, k));
        Lanes l{lanes(), Pull::id_of(row), b_.lane_mask(b_.sub(at_.packed.count.value, at), lanes())};
        Val to = b_.add(strip, b_.add(b_.mul(k, b_.index(stride)), b_.index(i)));
        b_.store(row_panel_, to, element(form_.rows(), {at_.batch, row, 0, depth}, l));
      }
    });
  });
}

void Nest::pack_columns(const Chunk& c) {
  if (plan_.columns == ColumnLayout::Transposed)
    for_panels([&](const Panel& p) { pack_columns_transposed(c, p); });
  else
    pack_columns_plain(c);
}

void Nest::pack_columns_plain(const Chunk& c) {
  b_.for_each(b_.index(0), c.depth.value, 1, [&](Val k) {
    Pull::Scope scope(pull_);
    IndexExpr depth = variable(kDepth, b_.add(c.first, k));
    for_panels([&](const Panel& p) {
      Val width = b_.index(static_cast<int64_t>(p.vectors) * lanes());
      for (int j = 0; j < p.vectors; ++j) {
        IndexExpr column = column_at(b_.add(p.first, b_.index(j * lanes())));
        Lanes l{lanes(), Pull::id_of(column), j + 1 == p.vectors ? p.mask : Val{}};
        Val to = b_.add(b_.add(panel_base(p), b_.mul(k, width)), b_.index(j * lanes()));
        b_.store(column_panel_, to, element(form_.columns(), {at_.batch, 0, column, depth}, l));
      }
    });
  });
}

// Squares of lanes x lanes elements: one vector along depth of each column, turned over. Past the last column
// the last one is read again.
void Nest::pack_columns_transposed(const Chunk& c, const Panel& p) {
  const int64_t width = static_cast<int64_t>(p.vectors) * lanes();
  Val last = b_.sub(at_.columns.value, b_.index(1));
  b_.for_each(b_.index(0), c.depth.value, lanes(), [&](Val k) {
    b_.for_each(b_.index(0), b_.index(width), lanes(), [&](Val j) {
      Pull::Scope scope(pull_);
      IndexExpr depth = variable(kDepth, b_.add(c.first, k));
      Lanes l{lanes(), Pull::id_of(depth), b_.lane_mask(b_.sub(c.depth.value, k), lanes())};
      std::vector<Val> square;
      for (int i = 0; i < lanes(); ++i) {
        Val at = b_.add(b_.add(p.first, j), b_.index(i));
        IndexExpr column = column_at(p.mask.valid() ? b_.imin(at, last) : at);
        square.push_back(element(form_.columns(), {at_.batch, 0, column, depth}, l));
      }
      square = transpose_lanes(b_, std::move(square));
      Val to = b_.add(b_.add(panel_base(p), b_.mul(k, b_.index(width))), j);
      for (int i = 0; i < lanes(); ++i) b_.store(column_panel_, b_.add(to, b_.index(i * width)), square[i]);
    });
  });
}

}  // namespace nnc::contraction
