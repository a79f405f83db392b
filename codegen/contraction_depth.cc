// The part of a contraction's nest for products of few columns or few rows, a matrix times a vector above all, whose
// operands are contiguous along depth: vectors hold successive steps, every sum of the tile is a vector of partial
// sums, and its lanes are added at the end.
#include "codegen/contraction_nest.h"

namespace nnc::contraction {
// Past the last column it is read again.
std::vector<IndexExpr> Nest::columns_of(const Panel& p) {
  Val last = b_.sub(at_.columns.value, b_.index(1));
  std::vector<IndexExpr> out;
  for (int j = 0; j < p.sums; ++j) {
    Val at = b_.add(p.first, b_.index(j));
    out.push_back(column_at(p.ragged ? b_.imin(at, last) : at));
  }
  return out;
}

std::vector<Val> Nest::row_vectors(const Strip& s, const RowSource& rows, Val k, Val active) {
  std::vector<Val> out;
  for (int i = 0; i < s.rows; ++i) {
    Val at = b_.add(b_.add(rows.base, k), b_.index(i * rows.row_stride));
    Val zero = b_.immediate(Literal::from_double(b_.kernel().buffers[rows.buffer].dtype, 0));
    out.push_back(active.valid() ? b_.masked_load(rows.buffer, at, active, zero)
                                 : b_.load(rows.buffer, at, lanes()));
  }
  return out;
}

// Lanes past the end of depth keep what they have, whatever a prologue makes of the elements there.
Accumulators Nest::step_along_depth(const Strip& s, const Chunk& c, const DepthColumns& columns, Val k,
                                    Val active, std::span<const Val> sums) {
  Pull::Scope scope(pull_);
  std::vector<Val> rows = row_vectors(s, row_source(s.first, c), k, active);
  Accumulators next(sums.begin(), sums.end());
  for (int j = 0; j < columns.count; ++j) {
    Val column = columns.vector(j, k, active);
    for (size_t i = 0; i < rows.size(); ++i) {
      Val& sum = next[i * static_cast<size_t>(columns.count) + static_cast<size_t>(j)];
      Val more = b_.fma(rows[i], column, sum);
      sum = active.valid() ? b_.select(active, more, sum) : more;
    }
  }
  return next;
}

// Row-major over (row, column), each a vector of partial sums.
Accumulators Nest::sum_along_depth(const Strip& s, const Chunk& c, const DepthColumns& columns) {
  Val depth = c.depth.value, whole = b_.mul(b_.idiv(depth, b_.index(lanes())), b_.index(lanes()));
  Accumulators sums = zero_tile(b_, {s.rows, columns.count, lanes()}, dtype());
  sums = b_.for_loop(b_.index(0), whole, lanes(), std::move(sums), [&](Val k, std::span<const Val> in) {
    return step_along_depth(s, c, columns, k, {}, in);
  });
  if (c.depth.fixed && *c.depth.fixed % lanes() == 0) return sums;
  Val active = b_.lane_mask(b_.sub(depth, whole), lanes());
  return b_.for_loop(whole, depth, lanes(), std::move(sums), [&](Val k, std::span<const Val> in) {
    return step_along_depth(s, c, columns, k, active, in);
  });
}

Accumulators Nest::contract_along_depth(const Strip& s, const Chunk& c, const Panel& p,
                                        const Accumulators& inits) {
  std::vector<IndexExpr> columns = columns_of(p);
  const size_t count = columns.size();
  auto vector = [&](int j, Val k, Val active) {
    IndexExpr depth = variable(kDepth, b_.add(c.first, k));
    Lanes l{lanes(), Pull::id_of(depth), active};
    return element(form_.columns(), {at_.batch, 0, columns[static_cast<size_t>(j)], depth}, l);
  };
  Accumulators sums = sum_along_depth(s, c, {static_cast<int>(count), vector}), out;
  for (int i = 0; i < s.rows; ++i) {
    auto first = sums.begin() + static_cast<std::ptrdiff_t>(i * count);
    out.push_back(
        b_.add(inits[i], sums_of_lanes(b_, {first, first + static_cast<std::ptrdiff_t>(count)}, lanes())));
  }
  return out;
}

}  // namespace nnc::contraction
