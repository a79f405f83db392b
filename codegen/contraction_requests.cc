// The part of a contraction's nest that asks memory for what an epilogue will read while the tile is still summed:
// moments and weights that lie behind the second-level cache, a few lines of every row, row after row of a matrix,
// which no machine foresees.
#include "codegen/contraction_nest.h"

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

// As many steps before the next row's request as let the last ones arrive: all of depth in as many pieces as rows.
Accumulators Nest::contract_requesting(const Strip& s, const Chunk& c, const Panel& p,
                                       const ColumnSource& source, Accumulators inits) {
  const RowSource rows = row_source(s.first, c);
  Val depth = c.depth.value, piece = b_.ceil_div(depth, s.rows);
  return b_.for_loop(
      b_.index(0), b_.index(s.rows), 1, std::move(inits), [&](Val i, std::span<const Val> sums) {
        Pull::Scope scope(pull_);
        auto request = [&] { request_results(p, b_.add(s.first, i)); };
        if (c.last.valid())
          b_.if_then(c.last, request);
        else
          request();
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

// A tile that goes on from what the chunk before left begins by reading it: the one to its left asks for it.
void Nest::request_next_results(TileShape t, const TilePlace& place) {
  for (int i = 0; i < t.rows; ++i) {
    Val at = b_.add(b_.add(place.base, b_.index(t.width())), b_.mul(place.row_stride, b_.index(i)));
    for (int j = 0; j < t.vectors; ++j) b_.prefetch(place.buffer, b_.add(at, b_.index(j * t.lanes)), 1);
  }
}

}  // namespace nnc::contraction
