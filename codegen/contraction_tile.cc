#include "codegen/contraction_tile.h"

#include <algorithm>
#include <cassert>

namespace nnc::contraction {
namespace {

Val offset(loop::Builder& b, Val base, Val stride, int64_t i) {
  return b.add(base, b.mul(stride, b.index(i)));
}

Val zero(loop::Builder& b, DType dtype) { return b.immediate(Literal::from_double(dtype, 0)); }

Val load_vector(loop::Builder& b, TileShape shape, int buffer, Val at, int j, Val mask) {
  Val where = b.add(at, b.index(j * shape.lanes));
  if (!mask.valid() || j + 1 < shape.vectors) return b.load(buffer, where, shape.lanes);
  return b.masked_load(buffer, where, mask, zero(b, b.kernel().buffers[buffer].dtype));
}

std::vector<Val> load_columns(loop::Builder& b, TileShape shape, const ColumnSource& columns, Val k) {
  Val at = b.add(columns.base, b.mul(k, columns.depth_stride));
  std::vector<Val> out;
  for (int j = 0; j < shape.vectors; ++j) {
    out.push_back(load_vector(b, shape, columns.buffer, at, j, columns.mask));
  }
  if (columns.copy >= 0) {
    Val to = b.add(columns.copy_base, b.mul(k, b.index(shape.width())));
    for (int j = 0; j < shape.vectors; ++j)
      b.store(columns.copy, b.add(to, b.index(j * shape.lanes)), out[j]);
  }
  return out;
}

// The chunks of that parity: of two vectors, group by group, those of the first and then those of the second.
std::vector<int> chunks_of_both(int lanes, int group, int chunk, int parity) {
  std::vector<int> mask;
  for (int lane = 0; lane < lanes; ++lane) {
    int within = lane % group, half = within % (group / 2);
    int vector = within / (group / 2), at = half / chunk * 2 * chunk + parity * chunk + half % chunk;
    mask.push_back(vector * lanes + lane - within + at);
  }
  return mask;
}

}  // namespace

Accumulators zero_tile(loop::Builder& b, TileShape shape, DType dtype) {
  return Accumulators(shape.rows * shape.vectors, b.broadcast(zero(b, dtype), shape.lanes));
}

Accumulators load_tile(loop::Builder& b, TileShape shape, const TilePlace& place) {
  Accumulators out;
  for (int i = 0; i < shape.rows; ++i) {
    Val at = offset(b, place.base, place.row_stride, i);
    for (int j = 0; j < shape.vectors; ++j)
      out.push_back(load_vector(b, shape, place.buffer, at, j, place.mask));
  }
  return out;
}

void store_tile(loop::Builder& b, TileShape shape, const TilePlace& place, const Accumulators& tile) {
  for (int i = 0; i < shape.rows; ++i) {
    Val at = offset(b, place.base, place.row_stride, i);
    for (int j = 0; j < shape.vectors; ++j) {
      Val where = b.add(at, b.index(j * shape.lanes));
      Val value = tile[i * shape.vectors + j];
      bool masked = place.mask.valid() && j + 1 == shape.vectors;
      if (masked)
        b.masked_store(place.buffer, where, value, place.mask);
      else
        b.store(place.buffer, where, value);
    }
  }
}

Accumulators contract_tile(loop::Builder& b, TileShape shape, const RowSource& rows,
                           const ColumnSource& columns, Val depth, Accumulators inits) {
  return b.for_loop(b.index(0), depth, 1, std::move(inits), [&](Val k, std::span<const Val> acc) {
    std::vector<Val> vectors = load_columns(b, shape, columns, k);
    Val at = b.add(rows.base, b.mul(k, rows.depth_stride));
    Accumulators next;
    for (int i = 0; i < shape.rows; ++i) {
      Val a = b.broadcast(b.load(rows.buffer, b.add(at, b.index(i * rows.row_stride))), shape.lanes);
      for (int j = 0; j < shape.vectors; ++j)
        next.push_back(b.fma(a, vectors[j], acc[i * shape.vectors + j]));
    }
    return next;
  });
}

// Stage s exchanges bit s of the row number with bit s of the lane number: rows i and i + 2^s become the even and the odd
// chunks of both. Chunks are elements within 16 bytes, then 16 bytes within the vector: for these, machines have
// instructions that need no table (shufps, unpcklpd, shuff32x4; uzp).
std::vector<Val> transpose_lanes(loop::Builder& b, std::vector<Val> rows) {
  const int n = static_cast<int>(rows.size());
  const int unit = std::min(n, 16 / static_cast<int>(size_of(b.kernel().type(rows[0]).dtype)));
  for (int bit = 1; bit < n; bit *= 2) {
    const int chunk = bit < unit ? 1 : unit, group = bit < unit ? unit : n;
    std::vector<int> even = chunks_of_both(n, group, chunk, 0), odd = chunks_of_both(n, group, chunk, 1);
    for (int i = 0; i < n; ++i) {
      if (i & bit) continue;
      Val a = rows[i], c = rows[i + bit];
      rows[i] = b.shuffle(a, c, even);
      rows[i + bit] = b.shuffle(a, c, odd);
    }
  }
  return rows;
}

}  // namespace nnc::contraction
