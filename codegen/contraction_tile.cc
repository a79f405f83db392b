#include "codegen/contraction_tile.h"

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

// Stage s exchanges bit s of the row number with bit s of the lane number: rows i and i + 2^s swap their
// off-diagonal blocks of 2^s lanes.
std::vector<Val> transpose_lanes(loop::Builder& b, std::vector<Val> rows) {
  int n = static_cast<int>(rows.size());
  for (int block = 1; block < n; block *= 2) {
    std::vector<int> upper(n), lower(n);
    for (int lane = 0; lane < n; ++lane) {
      bool second = (lane & block) != 0;
      upper[lane] = second ? n + lane - block : lane;
      lower[lane] = second ? n + lane : lane + block;
    }
    for (int i = 0; i < n; ++i) {
      if (i & block) continue;
      Val a = rows[i], c = rows[i + block];
      rows[i] = b.shuffle(a, c, upper);
      rows[i + block] = b.shuffle(a, c, lower);
    }
  }
  return rows;
}

}  // namespace nnc::contraction
