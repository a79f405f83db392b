// The part of a contraction's nest that asks memory, while a tile is summed, for what is read after it from behind the
// second-level cache and no machine foresees: an epilogue's moments and weights, a few lines of every row of a matrix, and
// columns that will be transposed.
#include "codegen/contraction_nest.h"
#include "codegen/rounding.h"

namespace nnc::contraction {

void Nest::request_results(const Panel& p, Val i) {
  Pull::Scope row_scope(pull_);
  IndexExpr row = row_at(i);
  for (int j = 0; j < p.vectors; ++j) {
    Pull::Scope scope(pull_);
    IndexExpr column = column_at(b_.add(p.first, b_.index(j * lanes())));
    Lanes l{lanes(), Pull::id_of(column)};
    for (size_t k = 0; k < outputs_.size(); ++k)
      pull_.request(form_.body().outputs()[k].value, form_.output_map(k, {at_.batch, row, column, 0}), l);
  }
}

// What is packed after the last chunk of these columns: they `again`, for other rows, or the thread's next block.
Nest::NextColumns Nest::block_after(Val units, Val again) {
  Val after = b_.add(at_.unit, b_.index(1)), exist = b_.lt(after, units);
  if (!again.valid()) return {after, b_.index(0), exist};
  return {b_.select(again, at_.unit, after), b_.index(0), b_.apply(Op::Or, {again, exist})};
}

// What is packed after this chunk: the same columns' next steps, if there are any.
Nest::NextColumns Nest::chunk_after(const Chunk& c) {
  if (!c.last.valid()) return at_.next;
  Val depth = b_.select(c.last, at_.next.depth, b_.add(c.first, b_.index(plan_.depth_chunk)));
  Val more = b_.immediate(Literal::from_int(DType::Bool, 1));
  return {b_.select(c.last, at_.next.unit, at_.unit), depth, b_.select(c.last, at_.next.exist, more)};
}

// All tiles of a panel share the lines of the one that will be packed in its place, column after column.
Nest::NextLines Nest::next_lines(const Strip& s, const Chunk& c, const Panel& p) {
  const Strided& operand = *form_.columns().strided;
  const NextColumns next = chunk_after(c);
  Val first = b_.add(column_of(next.unit), p.first), none = b_.index(0);
  Val behind = b_.apply(Op::Max, {b_.sub(b_.dim(form_.extent(kColumn)), first), none});
  Val columns = b_.imin(b_.index(shape(s.rows, p).width()), behind);
  Val base = pull_.scalar(form_.position(form_.columns(), {variable(kBatch, batch_of(next.unit)), 0, 0, 0}));
  base = b_.add(base, b_.add(b_.mul(first, b_.dim(operand.free_stride)), next.depth));
  Val end = b_.select(next.exist, b_.mul(columns, b_.index(lines_of_column())), none);
  Val tile_rows = b_.index(plan_.tile.rows), pieces = b_.index(request_pieces());
  Val parts = b_.mul(b_.idiv(at_.rows.value, tile_rows), pieces);
  Val each = b_.idiv(b_.add(end, b_.sub(parts, b_.index(1))), parts);
  return {base, b_.mul(b_.mul(b_.idiv(s.first, tile_rows), pieces), each), each, end};
}

void Nest::request_lines(const NextLines& lines, Val piece) {
  const Strided& operand = *form_.columns().strided;
  Val of_column = b_.index(lines_of_column()), elements = b_.index(kLineBytes / size_of(dtype()));
  Val from = b_.imin(b_.add(lines.from, b_.mul(piece, lines.each)), lines.end);
  Val to = b_.imin(b_.add(from, lines.each), lines.end);
  b_.for_each(from, to, 1, [&](Val line) {
    Val column = b_.mul(b_.idiv(line, of_column), b_.dim(operand.free_stride));
    Val step = b_.mul(b_.irem(line, of_column), elements);
    b_.prefetch(input_buffer(operand.input), b_.add(lines.base, b_.add(column, step)), 2);
  });
}

int64_t Nest::lines_of_column() const { return ceil_div(depth_room() * size_of(dtype()), kLineBytes); }

// All of depth in pieces, before each of which memory is asked for something: for a row of results, so that there are as many
// pieces as rows, or for a few lines of the next block, which must not keep memory from what the tile reads.
Accumulators Nest::contract_requesting(const Strip& s, const Chunk& c, const Panel& p,
                                       const ColumnSource& source, Accumulators inits) {
  const RowSource rows = row_source(s.first, c);
  const int pieces = request_pieces();
  NextLines lines;
  if (plan_.next_block) lines = next_lines(s, c, p);
  Val depth = c.depth.value, piece = b_.ceil_div(depth, pieces);
  return b_.for_loop(
      b_.index(0), b_.index(pieces), 1, std::move(inits), [&](Val i, std::span<const Val> sums) {
        Pull::Scope scope(pull_);
        if (plan_.requests) request_row(s, c, p, i);
        if (plan_.next_block) request_lines(lines, i);
        Val from = b_.imin(b_.mul(i, piece), depth), to = b_.imin(b_.add(from, piece), depth);
        RowSource r = rows;
        r.base = b_.add(r.base, b_.mul(from, r.depth_stride));
        ColumnSource columns = source;
        columns.base = b_.add(columns.base, b_.mul(from, columns.depth_stride));
        if (columns.copy >= 0)
          columns.copy_base = b_.add(columns.copy_base, b_.mul(from, b_.index(shape(s.rows, p).width())));
        return contract_tile(b_, shape(s.rows, p), r, columns, {b_.sub(to, from)}, {},
                             {sums.begin(), sums.end()});
      });
}

void Nest::request_row(const Strip& s, const Chunk& c, const Panel& p, Val i) {
  auto request = [&] { request_results(p, b_.add(s.first, i)); };
  if (c.last.valid())
    b_.if_then(c.last, request);
  else
    request();
}

// A tile that goes on from what the chunk before left begins by reading it: the one to its left asks for it.
void Nest::request_next_results(TileShape t, const TilePlace& place) {
  for (int i = 0; i < t.rows; ++i) {
    Val at = b_.add(b_.add(place.base, b_.index(t.width())), b_.mul(place.row_stride, b_.index(i)));
    for (int j = 0; j < t.vectors; ++j) b_.prefetch(place.buffer, b_.add(at, b_.index(j * t.lanes)), 1);
  }
}

}  // namespace nnc::contraction
