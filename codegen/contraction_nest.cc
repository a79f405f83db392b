#include "codegen/contraction_nest.h"

#include <algorithm>

namespace nnc::contraction {
namespace {

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

bool Nest::one_task_of_rows() const {
  const Dim& rows = form_.extent(kRow);
  return rows.is_constant() && rows.value() <= plan_.row_block;
}

bool Nest::one_task() const {
  const Dim &batch = form_.extent(kBatch), &columns = form_.extent(kColumn);
  return one_task_of_rows() && batch.is_constant() && batch.value() == 1 && columns.is_constant() &&
         columns.value() >= 1 && columns.value() <= plan_.column_block;
}

Val Nest::column_blocks() { return b_.ceil_div(b_.dim(form_.extent(kColumn)), plan_.column_block); }
Val Nest::batch_of(Val unit) { return b_.idiv(unit, column_blocks()); }
Val Nest::column_of(Val unit) { return b_.mul(b_.irem(unit, column_blocks()), b_.index(plan_.column_block)); }

Val Nest::row_tasks() {
  if (one_task_of_rows()) return b_.index(1);
  return b_.apply(Op::Max, {b_.ceil_div(b_.dim(form_.extent(kRow)), plan_.row_block), b_.index(1)});
}

void Nest::emit() {
  b_.kernel().tasks = {{form_.extent(kBatch), 1},
                       {form_.extent(kColumn), plan_.column_block},
                       {form_.extent(kRow), plan_.row_block}};
  if (one_task())
    return b_.if_then(b_.lt(b_.task_begin(), b_.task_end()), [&] { same_columns(b_.index(0), b_.index(1)); });
  Val count = row_tasks(), last = b_.sub(b_.add(b_.task_end(), count), b_.index(1));
  Val units = b_.idiv(last, count);
  b_.for_each(b_.idiv(b_.task_begin(), count), units, 1, [&](Val unit) { same_columns(unit, units); });
}

Count Nest::block_count(Axis axis, Val first, int64_t block) {
  const Dim& extent = form_.extent(axis);
  if (extent.is_constant() && extent.value() <= block) return {b_.index(extent.value()), extent.value()};
  if (extent.is_constant() && extent.value() % block == 0) return {b_.index(block), block};
  return {b_.imin(b_.index(block), b_.sub(b_.dim(extent), first)), std::nullopt};
}

// Of a block's panels: a tail follows the last one of the only block.
Count Nest::column_count() {
  if (plan_.tail == 0) return block_count(kColumn, at_.column, plan_.column_block);
  const int64_t columns = form_.extent(kColumn).value() - plan_.tail;
  return {b_.index(columns), columns};
}

// Exact for all rows in one task; else known but for what whole strips leave.
Count Nest::row_count(Val to) {
  const Dim& extent = form_.extent(kRow);
  if (one_task_of_rows()) return {b_.index(extent.value()), extent.value()};
  Count out{b_.sub(b_.imin(b_.mul(to, b_.index(plan_.row_block)), b_.dim(extent)), at_.row)};
  if (extent.is_constant()) out.rest = extent.value() % plan_.tile.rows;
  return out;
}

// The thread's tasks of one block of columns, whose panel is packed once for all where it holds all of depth; together
// where results need not wait in a buffer for the last chunk.
void Nest::same_columns(Val unit, Val units) {
  Pull::Scope scope(pull_);
  Val count = row_tasks(), before = b_.mul(unit, count);
  at_.unit = unit;
  at_.batch = variable(kBatch, batch_of(unit));
  at_.column = column_of(unit);
  at_.columns = column_count();
  if (plan_.tail > 0) pack_tail();
  if (packs_columns() && whole_depth()) pack_columns(whole_chunk());
  if (plan_.next_block) at_.next = block_after(units, {});
  if (one_task_of_rows()) return block(b_.index(0), b_.index(1));
  Val from = b_.apply(Op::Max, {b_.sub(b_.task_begin(), before), b_.index(0)});
  Val to = b_.imin(b_.sub(b_.task_end(), before), count);
  if (plan_.direct || (finishes_tiles() && whole_depth())) return block(from, to);
  Val tasks = b_.sub(to, from), one = b_.index(1);
  Val groups = finishes_tiles() ? b_.select(single_chunk(), b_.imin(tasks, one), tasks) : tasks;
  b_.for_each(b_.index(0), groups, 1, [&](Val i) {
    Val first = b_.add(from, i), end = b_.add(first, one);
    if (plan_.next_block && !whole_depth()) at_.next = block_after(units, b_.lt(b_.add(i, one), groups));
    block(first, finishes_tiles() ? b_.select(single_chunk(), to, end) : end);
  });
}

Val Nest::single_chunk() { return b_.lt(b_.dim(form_.extent(kDepth)), b_.index(plan_.depth_chunk + 1)); }

Nest::Chunk Nest::whole_chunk() {
  return {b_.index(0), {b_.dim(form_.extent(kDepth)), form_.extent(kDepth).value()}, {}, {}};
}

// The rows of tasks from..to-1.
void Nest::block(Val from, Val to) {
  Pull::Scope scope(pull_);
  at_.row = b_.mul(from, b_.index(plan_.row_block));
  at_.rows = row_count(to);
  if (whole_depth())
    chunk(whole_chunk());
  else
    chunks();
  if (plan_.direct || finishes_tiles()) return;
  for_panels([&](const Panel& p) { epilogue(p, {b_.index(0), at_.rows.value, kept_at(p, b_.index(0))}); });
}

// At least one: without any steps the results are still to be written.
void Nest::chunks() {
  Val depth = b_.dim(form_.extent(kDepth)), step = b_.index(plan_.depth_chunk);
  b_.for_each(b_.index(0), b_.apply(Op::Max, {depth, b_.index(1)}), plan_.depth_chunk, [&](Val first) {
    Pull::Scope scope(pull_);
    Val rest = b_.sub(depth, first);
    chunk({first,
           {b_.imin(step, rest), std::nullopt},
           not_first(b_, first),
           b_.lt(rest, b_.index(plan_.depth_chunk + 1))});
  });
}

// Columns are packed for all of the block, whole depth before it; then each strip of rows meets all of them while it is in
// the first-level cache, and they in the second.
void Nest::chunk(const Chunk& c) {
  if (packs_columns() && !whole_depth()) pack_columns(c);
  if (plan_.rows == RowLayout::InPlace)
    strips(c, {b_.index(0), at_.rows});
  else
    strips_packed(c);
}

// Rows are packed as many at once as the panel holds, each time just before they are read.
void Nest::strips_packed(const Chunk& c) {
  const Count& n = at_.rows;
  b_.for_each(b_.index(0), n.value, plan_.row_block, [&](Val first) {
    Pull::Scope scope(pull_);
    Count count = n;
    if (!n.fixed) count.value = b_.imin(b_.index(plan_.row_block), b_.sub(n.value, first));
    at_.packed = {first, count};
    pack_rows(c);
    strips(c, at_.packed);
  });
}

void Nest::strips(const Chunk& c, const Rows& rows) {
  Val done = plan_.columns == ColumnLayout::Copied ? copying_strip(c, rows) : b_.index(0);
  for_strips(rows, done, [&](const Strip& s) {
    for_panels([&](const Panel& p) { tile(s, c, p, columns(c, p)); });
    if (plan_.tail > 0) tail(s, c);
  });
}

// So many columns, known now.
Panel Nest::panel_of(int64_t columns, Val first) {
  Panel p{static_cast<int>((columns + lanes() - 1) / lanes()), first};
  const int64_t rest = columns % lanes();
  if (rest != 0) p.mask = b_.lane_mask(b_.index(rest), lanes());
  if (rest != 0 && !along_depth()) p.last = plan_.last;
  if (rest < p.last) p.last_mask = b_.lane_mask(b_.index(rest), p.last);
  p.count = b_.index(columns);
  p.sums = static_cast<int>(columns);
  return p;
}

// Whole panels, then the columns that remain: as one narrower panel where their number is known, else vector
// by vector.
void Nest::for_panels(const std::function<void(const Panel&)>& body) {
  const Count& n = at_.columns;
  const int64_t width = plan_.width();
  auto scoped = [&](const Panel& p) {
    Pull::Scope scope(pull_);
    body(p);
  };
  Val end = n.fixed ? b_.index(*n.fixed / width * width)
                    : b_.mul(b_.idiv(n.value, b_.index(width)), b_.index(width));
  if (!n.fixed || *n.fixed >= width)
    b_.for_each(b_.index(0), end, width, [&](Val j) { scoped(panel_of(width, j)); });
  if (n.fixed) {
    if (int64_t rest = *n.fixed % width) scoped(panel_of(rest, end));
    return;
  }
  b_.for_each(end, n.value, lanes(), [&](Val j) {
    Val rest = b_.sub(n.value, j);
    Val mask = b_.lane_mask(rest, lanes());
    scoped({1, j, mask, b_.imin(rest, b_.index(lanes())), static_cast<int>(width), true});
  });
}

// The block's first whole strip reads the columns in place and leaves a copy; fewer rows than that get the panels
// packed for them. Returns the rows done.
Val Nest::copying_strip(const Chunk& c, const Rows& rows) {
  auto copying = [&] {
    const Strip first{plan_.tile.rows, b_.index(0)};
    for_panels([&](const Panel& p) { tile(first, c, p, columns_to_copy(c, p)); });
    if (plan_.tail > 0) tail(first, c);
    return std::vector<Val>{b_.index(plan_.tile.rows)};
  };
  auto packing = [&] {
    pack_columns(c);
    return std::vector<Val>{b_.index(0)};
  };
  const Count& n = rows.count;
  if (n.fixed) return *n.fixed >= plan_.tile.rows ? copying()[0] : packing()[0];
  auto copied = [&] {
    Pull::Scope scope(pull_);
    return b_.if_else(b_.lt(b_.index(plan_.tile.rows - 1), n.value), copying, packing);
  };
  Val fresh = b_.apply(Op::Eq, {rows.first, b_.index(0)});
  return b_.if_else(fresh, copied, [&] { return std::vector<Val>{b_.index(0)}; })[0];
}

// Whole strips but for those done, then what remains: one of fewer rows where its size is known, else a ladder of
// powers of two.
void Nest::for_strips(const Rows& rows, Val done, const std::function<void(const Strip&)>& body) {
  const Count& n = rows.count;
  const int step = plan_.tile.rows;
  auto scoped = [&](int count, Val row) {
    Pull::Scope scope(pull_);
    body({count, b_.add(rows.first, row)});
  };
  Val size = b_.index(step);
  Val end = b_.add(done, b_.mul(b_.idiv(b_.sub(n.value, done), size), size));
  if (!n.fixed || *n.fixed >= step) b_.for_each(done, end, step, [&](Val row) { scoped(step, row); });
  std::optional<int64_t> known = n.fixed ? *n.fixed % step : n.rest;
  if (!known) return ladder(n.value, end, scoped);
  if (*known == 0) return;
  auto rest = [&] { scoped(static_cast<int>(*known), end); };
  if (n.fixed)
    rest();
  else
    b_.if_then(b_.lt(end, n.value), rest);
}

// Rows from `first` on, fewer than a strip has, in pieces by powers of two.
void Nest::ladder(Val count, Val first, const std::function<void(int rows, Val first)>& body) {
  const int step = plan_.tile.rows;
  int piece = 1;
  while (piece * 2 < step) piece *= 2;
  for (; piece > 0 && step > 1; piece /= 2) {
    Val enough = b_.lt(b_.index(piece - 1), b_.sub(count, first));
    auto run = [&] {
      body(piece, first);
      return std::vector<Val>{b_.add(first, b_.index(piece))};
    };
    first = b_.if_else(enough, run, [&] { return std::vector<Val>{first}; })[0];
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
  if (plan_.next_results) request_next_results(t, at);
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
  if (along_depth()) return contract_along_depth(s, c, p, inits);
  if ((plan_.requests || plan_.next_block) && s.rows == plan_.tile.rows)
    return contract_requesting(s, c, p, source, std::move(inits));
  TileShape t = shape(s.rows, p);
  // One of a ladder's pieces runs once at most.
  const bool often = s.rows == plan_.tile.rows || form_.extent(kRow).is_constant();
  Steps steps = often ? plan_.steps(t) : Steps{};
  return contract_tile(b_, t, row_source(s.first, c), source, c.depth, steps, std::move(inits));
}

}  // namespace nnc::contraction
