// Where a contraction's tiles find their rows and columns, and where their results go: operands in place or panels,
// the first output or the block's buffer; and how large panels and buffer are.
#include <algorithm>

#include "codegen/contraction_nest.h"
#include "codegen/rounding.h"

namespace nnc::contraction {

int64_t Nest::depth_room() const {
  int64_t depth = whole_depth() ? form_.extent(kDepth).value() : plan_.depth_chunk;
  return round_up(std::max<int64_t>(depth, 1), lanes());
}

// Rows a power of two apart would share a few sets of the cache.
int64_t Nest::row_panel_stride() const {
  if (plan_.rows == RowLayout::PanelByRow) return round_up(plan_.tile.rows, lanes());
  return depth_room() + (depth_room() * size_of(dtype()) % 512 == 0 ? lanes() : 0);
}

int64_t Nest::block_rows() const { return round_up(plan_.row_block, lanes()); }

int Nest::input_buffer(NodeId input) const {
  const auto& all = form_.body().inputs();
  return inputs_[static_cast<size_t>(std::find(all.begin(), all.end(), input) - all.begin())];
}

void Nest::declare_scratch() {
  auto scratch = [&](const char* name, int64_t count) {
    return b_.buffer(
        {name, dtype(), loop::BufferRole::Scratch, 0, count, static_cast<int>(b_.kernel().buffers.size())});
  };
  int64_t columns = round_up(plan_.column_block, plan_.width());
  if (along_depth()) columns = columns / plan_.width() * lanes();
  int64_t strips = (plan_.row_block + plan_.tile.rows - 1) / plan_.tile.rows;
  if (plan_.rows == RowLayout::PanelByDepth)
    row_panel_ = scratch("row panel", plan_.row_block * row_panel_stride());
  if (plan_.rows == RowLayout::PanelByRow)
    row_panel_ = scratch("row panel", strips * panel_steps() * row_panel_stride());
  if (plan_.columns != ColumnLayout::InPlace)
    column_panel_ = scratch("column panel", panel_steps() * columns);
  if (plan_.tail > 0) tail_panel_ = scratch("tail panel", plan_.tail * depth_room());
  if (plan_.direct) return;
  bool tile_alone = finishes_tiles() && whole_depth();
  block_ = scratch("block", tile_alone ? plan_.tile.rows * std::max<int64_t>(plan_.width(), lanes())
                                       : block_rows() * columns);
  if (form_.output_unit() == kRow) square_ = scratch("square", static_cast<int64_t>(lanes()) * lanes());
}

RowSource Nest::row_source(Val row, const Chunk& c) {
  if (plan_.rows != RowLayout::InPlace) row = b_.sub(row, at_.packed.first);
  if (plan_.rows == RowLayout::PanelByRow) {
    Val tile = b_.index(plan_.tile.rows), stride = b_.index(row_panel_stride());
    Val strip = b_.mul(b_.idiv(row, tile), b_.mul(stride, b_.index(panel_steps())));
    return {row_panel_, b_.add(strip, b_.irem(row, tile)), 1, stride};
  }
  if (plan_.rows == RowLayout::PanelByDepth) {
    int64_t stride = row_panel_stride();
    return {row_panel_, b_.mul(row, b_.index(stride)), stride, b_.index(1)};
  }
  const Strided& s = *form_.rows().strided;
  Val free_stride = b_.dim(s.free_stride), depth_stride = b_.dim(s.depth_stride);
  Val base = pull_.scalar(form_.position(form_.rows(), {at_.batch, 0, 0, 0}));
  base = b_.add(base, b_.mul(b_.add(at_.row, row), free_stride));
  base = b_.add(base, b_.mul(c.first, depth_stride));
  return {input_buffer(s.input), base, s.free_stride.value(), depth_stride};
}

ColumnSource Nest::columns_in_place(const Chunk& c, const Panel& p) {
  const Strided& s = *form_.columns().strided;
  Val depth_stride = b_.dim(s.depth_stride);
  Val base = pull_.scalar(form_.position(form_.columns(), {at_.batch, 0, 0, 0}));
  base = b_.add(base, b_.add(at_.column, p.first));
  base = b_.add(base, b_.mul(c.first, depth_stride));
  return {.buffer = input_buffer(s.input),
          .base = base,
          .depth_stride = depth_stride,
          .mask = mask_of_last(p),
          .ahead = steps_ahead(depth_stride)};
}

// From the second-level cache a line comes within a few steps.
Val Nest::steps_ahead(Val depth_stride) {
  return plan_.ahead > 0 ? b_.mul(b_.index(plan_.ahead), depth_stride) : Val{};
}

// From behind that cache it takes longer, and the next step may be on another page: what is asked for are the columns to the
// right, which the next panel reads.
ColumnSource Nest::columns_to_copy(const Chunk& c, const Panel& p) {
  ColumnSource source = columns_in_place(c, p);
  source.copy = column_panel_;
  source.copy_base = panel_base(p);
  if (!plan_.next_panel) return source;
  source.ahead = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  source.level = 2;
  return source;
}

ColumnSource Nest::columns(const Chunk& c, const Panel& p) {
  if (along_depth()) return {};
  if (plan_.columns == ColumnLayout::InPlace) return columns_in_place(c, p);
  Val width = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  return {.buffer = column_panel_, .base = panel_base(p), .depth_stride = width, .ahead = steps_ahead(width)};
}

// Where the block's buffer keeps the panel's rows from this one on: a tile that is finished at once lies at the
// beginning, in the first-level cache.
Val Nest::kept_at(const Panel& p, Val row) {
  if (finishes_tiles() && whole_depth()) return b_.index(0);
  Val width = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  Val first = along_depth() ? b_.mul(b_.idiv(p.first, b_.index(plan_.width())), width) : p.first;
  Val at = b_.add(b_.mul(first, b_.index(block_rows())), b_.mul(row, width));
  return finishes_tiles() ? b_.select(single_chunk(), b_.index(0), at) : at;
}

TilePlace Nest::place(const Strip& s, const Panel& p) {
  if (!plan_.direct)
    return {block_, kept_at(p, s.first), b_.index(static_cast<int64_t>(p.vectors) * lanes())};
  Val stride = b_.dim(*form_.output_offset(0, form_.variables()).coefficient(kRow));
  Val base = pull_.scalar(form_.output_offset(0, {at_.batch, 0, 0, 0}));
  base = b_.add(base, b_.add(at_.column, p.first));
  return {outputs_[0], b_.add(base, b_.mul(b_.add(at_.row, s.first), stride)), stride, mask_of_last(p)};
}

}  // namespace nnc::contraction
