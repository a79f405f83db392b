#include "codegen/contraction_nest.h"

#include <algorithm>

namespace nnc::contraction {
namespace {

int64_t round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

Val not_first(loop::Builder& b, Val chunk_begin) { return b.lt(b.index(0), chunk_begin); }

}  // namespace

Nest::Nest(loop::Builder& b, const Form& form, const Plan& plan, std::vector<int> inputs,
           std::vector<int> outputs)
    : b_(b),
      form_(form),
      plan_(plan),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      pull_(b, form.body(), inputs_) {
  declare_scratch();
}

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
  int64_t columns = round_up(plan_.column_block, plan_.tile.width());
  int64_t strips = (plan_.row_block + plan_.tile.rows - 1) / plan_.tile.rows;
  if (plan_.rows == RowLayout::PanelByDepth)
    row_panel_ = scratch("row panel", plan_.row_block * row_panel_stride());
  if (plan_.rows == RowLayout::PanelByRow)
    row_panel_ = scratch("row panel", strips * panel_steps() * row_panel_stride());
  if (plan_.columns == ColumnLayout::Turned)
    column_panel_ = scratch("square", static_cast<int64_t>(lanes()) * plan_.tile.width());
  else if (plan_.columns != ColumnLayout::InPlace)
    column_panel_ = scratch("column panel", panel_steps() * columns);
  if (plan_.direct) return;
  bool tile_alone = finishes_tiles() && whole_depth();
  block_ = scratch("block", tile_alone ? plan_.tile.rows * plan_.tile.width() : block_rows() * columns);
  if (form_.output_unit() == kRow) square_ = scratch("square", static_cast<int64_t>(lanes()) * lanes());
}

void Nest::emit() {
  b_.kernel().tasks = {{form_.extent(kBatch), 1},
                       {form_.extent(kRow), plan_.row_block},
                       {form_.extent(kColumn), plan_.column_block}};
  b_.for_each(b_.task_begin(), b_.task_end(), 1, [&](Val t) { task(t); });
}

Count Nest::block_count(Axis axis, Val first, int64_t block) {
  const Dim& extent = form_.extent(axis);
  if (extent.is_constant() && extent.value() <= block) return {b_.index(extent.value()), extent.value()};
  if (extent.is_constant() && extent.value() % block == 0) return {b_.index(block), block};
  return {b_.imin(b_.index(block), b_.sub(b_.dim(extent), first)), std::nullopt};
}

void Nest::task(Val t) {
  Pull::Scope scope(pull_);
  const auto& axes = b_.kernel().tasks;
  auto blocks = [&](size_t i) { return b_.ceil_div(b_.dim(axes[i].extent), axes[i].tile); };
  Val column = b_.irem(t, blocks(2)), rest = b_.idiv(t, blocks(2));
  task_.batch = variable(kBatch, b_.idiv(rest, blocks(1)));
  task_.row = b_.mul(b_.irem(rest, blocks(1)), b_.index(plan_.row_block));
  task_.column = b_.mul(column, b_.index(plan_.column_block));
  task_.rows = block_count(kRow, task_.row, plan_.row_block);
  task_.columns = block_count(kColumn, task_.column, plan_.column_block);
  if (shares_rows()) {
    Val begins =
        b_.apply(Op::Or, {b_.apply(Op::Eq, {t, b_.task_begin()}), b_.apply(Op::Eq, {column, b_.index(0)})});
    b_.if_then(begins, [&] {
      Pull::Scope packing(pull_);
      pack_rows(whole_chunk());
    });
  }
  block();
}

Nest::Chunk Nest::whole_chunk() {
  return {b_.index(0), {b_.dim(form_.extent(kDepth)), form_.extent(kDepth).value()}, {}, {}};
}

void Nest::block() {
  if (whole_depth())
    chunk(whole_chunk());
  else
    chunks();
  if (plan_.direct || finishes_tiles()) return;
  for_panels([&](const Panel& p) { epilogue(p, {b_.index(0), task_.rows.value, kept_at(p, b_.index(0))}); });
}

// At least one: without any steps the results are still to be written.
void Nest::chunks() {
  Val depth = b_.dim(form_.extent(kDepth)), step = b_.index(plan_.depth_chunk);
  task_.single = b_.lt(depth, b_.index(plan_.depth_chunk + 1));
  b_.for_each(b_.index(0), b_.apply(Op::Max, {depth, b_.index(1)}), plan_.depth_chunk, [&](Val first) {
    Pull::Scope scope(pull_);
    Val rest = b_.sub(depth, first);
    chunk({first,
           {b_.imin(step, rest), std::nullopt},
           not_first(b_, first),
           b_.lt(rest, b_.index(plan_.depth_chunk + 1))});
  });
}

// Panels are packed for the whole block; then each strip of rows meets all of them while it is in the first-level
// cache, and they in the second.
void Nest::chunk(const Chunk& c) {
  if (plan_.rows != RowLayout::InPlace && !shares_rows()) pack_rows(c);
  bool packed = plan_.columns == ColumnLayout::Packed || plan_.columns == ColumnLayout::Transposed;
  if (packed) pack_columns(c);
  Val first = plan_.columns == ColumnLayout::Copied ? copying_strip(c) : b_.index(0);
  for_strips(first,
             [&](const Strip& s) { for_panels([&](const Panel& p) { tile(s, c, p, columns(c, p)); }); });
}

// Whole panels, then the columns that remain: as one narrower panel where their number is known, else vector
// by vector.
void Nest::for_panels(const std::function<void(const Panel&)>& body) {
  const Count& n = task_.columns;
  const int64_t width = plan_.tile.width();
  auto scoped = [&](const Panel& p) {
    Pull::Scope scope(pull_);
    body(p);
  };
  if (n.fixed) {
    int64_t whole = *n.fixed / width * width, rest = *n.fixed - whole;
    if (whole > 0)
      b_.for_each(b_.index(0), b_.index(whole), width, [&](Val j) { scoped({plan_.tile.vectors, j}); });
    if (rest == 0) return;
    Panel p{static_cast<int>((rest + lanes() - 1) / lanes()), b_.index(whole)};
    if (rest % lanes() != 0) p.mask = b_.lane_mask(b_.index(rest % lanes()), lanes());
    p.count = b_.index(rest);
    return scoped(p);
  }
  Val whole = b_.mul(b_.idiv(n.value, b_.index(width)), b_.index(width));
  b_.for_each(b_.index(0), whole, width, [&](Val j) { scoped({plan_.tile.vectors, j}); });
  b_.for_each(whole, n.value, lanes(), [&](Val j) {
    Val rest = b_.sub(n.value, j);
    scoped({1, j, b_.lane_mask(rest, lanes()), b_.imin(rest, b_.index(lanes()))});
  });
}

// The first whole strip reads the columns in place and leaves a copy; fewer rows than that get the panels
// packed for them. Returns the rows done.
Val Nest::copying_strip(const Chunk& c) {
  auto copying = [&] {
    for_panels([&](const Panel& p) {
      ColumnSource source = columns_in_place(c, p);
      source.copy = column_panel_;
      source.copy_base = panel_base(p);
      tile({plan_.tile.rows, b_.index(0)}, c, p, source);
    });
    return std::vector<Val>{b_.index(plan_.tile.rows)};
  };
  auto packing = [&] {
    pack_columns(c);
    return std::vector<Val>{b_.index(0)};
  };
  const Count& n = task_.rows;
  if (n.fixed) return *n.fixed >= plan_.tile.rows ? copying()[0] : packing()[0];
  Pull::Scope scope(pull_);
  return b_.if_else(b_.lt(b_.index(plan_.tile.rows - 1), n.value), copying, packing)[0];
}

// Whole strips, then what remains: one of fewer rows where its size is known, else a ladder of powers of two.
void Nest::for_strips(Val first, const std::function<void(const Strip&)>& body) {
  const Count& n = task_.rows;
  const int step = plan_.tile.rows;
  auto scoped = [&](const Strip& s) {
    Pull::Scope scope(pull_);
    body(s);
  };
  Val size = b_.index(step);
  Val end = b_.add(first, b_.mul(b_.idiv(b_.sub(n.value, first), size), size));
  if (!n.fixed || *n.fixed >= step) b_.for_each(first, end, step, [&](Val row) { scoped({step, row}); });
  if (n.fixed) {
    if (int rest = static_cast<int>(*n.fixed % step)) scoped({rest, end});
    return;
  }
  int piece = 1;
  while (piece * 2 < step) piece *= 2;
  for (; piece > 0 && step > 1; piece /= 2) {
    Val enough = b_.lt(b_.index(piece - 1), b_.sub(n.value, end));
    auto run = [&] {
      scoped({piece, end});
      return std::vector<Val>{b_.add(end, b_.index(piece))};
    };
    end = b_.if_else(enough, run, [&] { return std::vector<Val>{end}; })[0];
  }
}

void Nest::tile(const Strip& s, const Chunk& c, const Panel& p, const ColumnSource& source) {
  Pull::Scope scope(pull_);
  TileShape t = shape(s.rows, p);
  TilePlace at = place(s, p);
  auto zero = [&] { return zero_tile(b_, t, dtype()); };
  Accumulators init = c.continues.valid() ? b_.if_else(
                                                c.continues, [&] { return load_tile(b_, t, at); }, zero)
                                          : zero();
  store_tile(b_, t, at, contract(s, c, p, source, std::move(init)));
  if (finishes_tiles()) finish_tile(s, c, p, at.base);
}

void Nest::finish_tile(const Strip& s, const Chunk& c, const Panel& p, Val kept) {
  auto finish = [&] {
    Pull::Scope scope(pull_);
    epilogue(p, {s.first, b_.index(s.rows), kept});
  };
  if (c.last.valid())
    b_.if_then(c.last, finish);
  else
    finish();
}

Accumulators Nest::contract(const Strip& s, const Chunk& c, const Panel& p, const ColumnSource& source,
                            Accumulators inits) {
  RowSource rows = row_source(s.first, c);
  if (plan_.columns == ColumnLayout::Turned) return contract_turned(c, p, rows, std::move(inits));
  return contract_tile(b_, shape(s.rows, p), rows, source, c.depth.value, std::move(inits));
}

RowSource Nest::row_source(Val row, const Chunk& c) {
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
  Val base = pull_.scalar(form_.position(form_.rows(), {task_.batch, 0, 0, 0}));
  base = b_.add(base, b_.mul(b_.add(task_.row, row), free_stride));
  base = b_.add(base, b_.mul(c.first, depth_stride));
  return {input_buffer(s.input), base, s.free_stride.value(), depth_stride};
}

ColumnSource Nest::columns_in_place(const Chunk& c, const Panel& p) {
  const Strided& s = *form_.columns().strided;
  Val depth_stride = b_.dim(s.depth_stride);
  Val base = pull_.scalar(form_.position(form_.columns(), {task_.batch, 0, 0, 0}));
  base = b_.add(base, b_.add(task_.column, p.first));
  base = b_.add(base, b_.mul(c.first, depth_stride));
  return {input_buffer(s.input), base, depth_stride, p.mask};
}

ColumnSource Nest::columns(const Chunk& c, const Panel& p) {
  if (plan_.columns == ColumnLayout::InPlace) return columns_in_place(c, p);
  return {column_panel_, panel_base(p), b_.index(static_cast<int64_t>(p.vectors) * lanes())};
}

// Where the block's buffer keeps the panel's rows from this one on: a tile that is finished at once lies at the
// beginning, in the first-level cache.
Val Nest::kept_at(const Panel& p, Val row) {
  if (finishes_tiles() && whole_depth()) return b_.index(0);
  Val width = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  Val at = b_.add(b_.mul(p.first, b_.index(block_rows())), b_.mul(row, width));
  return finishes_tiles() ? b_.select(task_.single, b_.index(0), at) : at;
}

TilePlace Nest::place(const Strip& s, const Panel& p) {
  if (!plan_.direct)
    return {block_, kept_at(p, s.first), b_.index(static_cast<int64_t>(p.vectors) * lanes())};
  Val stride = b_.dim(*form_.output_offset(0, form_.variables()).coefficient(kRow));
  Val base = pull_.scalar(form_.output_offset(0, {task_.batch, 0, 0, 0}));
  base = b_.add(base, b_.add(task_.column, p.first));
  return {outputs_[0], b_.add(base, b_.mul(b_.add(task_.row, s.first), stride)), stride, p.mask};
}

}  // namespace nnc::contraction
