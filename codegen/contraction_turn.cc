// The part of a contraction's nest for few rows and columns that are contiguous along depth, a matrix times a
// vector above all: packing would cost more than the product, so that squares of lanes x lanes columns are read
// where they are and turned over in registers, on their way to the fused multiply-adds.
#include "codegen/contraction_nest.h"

namespace nnc::contraction {

// Vectors along depth of the panel's columns from j, turned into vectors along columns of successive steps. Past the
// last column it is read again.
std::vector<Val> Nest::turned_square(const Chunk& c, const Panel& p, Val k, int j, Val steps) {
  Pull::Scope scope(pull_);
  Val last = b_.sub(at_.columns.value, b_.index(1));
  IndexExpr depth = variable(kDepth, b_.add(c.first, k));
  Lanes l{lanes(), Pull::id_of(depth), steps.valid() ? b_.lane_mask(steps, lanes()) : Val{}};
  std::vector<Val> square;
  for (int i = 0; i < lanes(); ++i) {
    Val at = b_.add(p.first, b_.index(j * lanes() + i));
    IndexExpr column = column_at(p.mask.valid() ? b_.imin(at, last) : at);
    square.push_back(element(form_.columns(), {at_.batch, 0, column, depth}, l));
  }
  return transpose_lanes(b_, std::move(square));
}

void Nest::turned_step(const RowSource& rows, Val k, int j, int vectors, Val column, Accumulators& tile) {
  const int count = static_cast<int>(tile.size()) / vectors;
  Val at = b_.add(rows.base, b_.mul(k, rows.depth_stride));
  for (int i = 0; i < count; ++i) {
    Val a = b_.broadcast(b_.load(rows.buffer, b_.add(at, b_.index(i * rows.row_stride))), lanes());
    Val& sum = tile[i * vectors + j];
    sum = b_.fma(a, column, sum);
  }
}

Accumulators Nest::contract_turned(const Chunk& c, const Panel& p, const RowSource& rows,
                                   Accumulators inits) {
  Val size = b_.index(lanes()), whole = b_.mul(b_.idiv(c.depth.value, size), size);
  inits = b_.for_loop(b_.index(0), whole, lanes(), std::move(inits), [&](Val k, std::span<const Val> in) {
    Accumulators tile(in.begin(), in.end());
    for (int j = 0; j < p.vectors; ++j) {
      std::vector<Val> square = turned_square(c, p, k, j, {});
      for (int i = 0; i < lanes(); ++i)
        turned_step(rows, b_.add(k, b_.index(i)), j, p.vectors, square[i], tile);
    }
    return tile;
  });
  if (c.depth.fixed && *c.depth.fixed % lanes() == 0) return inits;
  return contract_turned_rest(c, p, rows, whole, std::move(inits));
}

// Fewer steps than a square has, of a number that may be known only now: it goes through memory.
Accumulators Nest::contract_turned_rest(const Chunk& c, const Panel& p, const RowSource& rows, Val whole,
                                        Accumulators inits) {
  Val steps = b_.sub(c.depth.value, whole), stride = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  b_.if_then(b_.lt(b_.index(0), steps), [&] {
    for (int j = 0; j < p.vectors; ++j) {
      std::vector<Val> square = turned_square(c, p, whole, j, steps);
      for (int i = 0; i < lanes(); ++i)
        b_.store(column_panel_, b_.add(b_.mul(b_.index(i), stride), b_.index(j * lanes())), square[i]);
    }
  });
  return b_.for_loop(b_.index(0), steps, 1, std::move(inits), [&](Val k, std::span<const Val> in) {
    Accumulators tile(in.begin(), in.end());
    for (int j = 0; j < p.vectors; ++j) {
      Val column = b_.load(column_panel_, b_.add(b_.mul(k, stride), b_.index(j * lanes())), lanes());
      turned_step(rows, b_.add(whole, k), j, p.vectors, column, tile);
    }
    return tile;
  });
}

}  // namespace nnc::contraction
