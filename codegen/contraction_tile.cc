#include "codegen/contraction_tile.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace nnc::contraction {
namespace {

Val offset(loop::Builder& b, Val base, Val stride, int64_t i) {
  return b.add(base, b.mul(stride, b.index(i)));
}

Val zero(loop::Builder& b, DType dtype) { return b.immediate(Literal::from_double(dtype, 0)); }

Val load_vector(loop::Builder& b, TileShape shape, int buffer, Val at, int j, Val mask) {
  Val where = b.add(at, b.index(j * shape.lanes));
  if (!mask.valid() || j + 1 < shape.vectors) return b.load(buffer, where, shape.lanes_of(j));
  return b.masked_load(buffer, where, mask, zero(b, b.kernel().buffers[buffer].dtype));
}

// Offsets of a step's first row, of its columns, and of where they are copied.
struct StepAt {
  Val row, columns, copy;
};

// Requests take the ports of loads: tiles have room for them whose multiply-adds take longer than both.
bool has_room_for_requests(TileShape shape) {
  return shape.rows + 2 * shape.vectors <= shape.rows * shape.vectors;
}

// Lines that are asked for before they are read: without, a step waits now and then for one that the machine did not foresee.
void request_columns(loop::Builder& b, TileShape shape, const ColumnSource& columns, Val at) {
  if (!columns.ahead.valid() || !has_room_for_requests(shape)) return;
  const int64_t vector = shape.lanes * size_of(b.kernel().buffers[columns.buffer].dtype);
  Val first = b.add(at, columns.ahead);
  for (int j = 0; j < shape.vectors; ++j) {
    if (j * vector % kLineBytes == 0)
      b.prefetch(columns.buffer, b.add(first, b.index(j * shape.lanes)), columns.level);
  }
}

std::vector<Val> load_columns(loop::Builder& b, TileShape shape, const ColumnSource& columns,
                              const StepAt& at) {
  request_columns(b, shape, columns, at.columns);
  std::vector<Val> out;
  for (int j = 0; j < shape.vectors; ++j)
    out.push_back(load_vector(b, shape, columns.buffer, at.columns, j, columns.mask));
  for (int j = 0; j < shape.vectors && columns.copy >= 0; ++j)
    b.store(columns.copy, b.add(at.copy, b.index(j * shape.lanes)), out[j]);
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

// The depth loop of one tile.
class Contraction {
 public:
  Contraction(loop::Builder& b, TileShape shape, const RowSource& rows, const ColumnSource& columns,
              Steps steps)
      : b_(b), shape_(shape), rows_(rows), columns_(columns), steps_(steps) {}

  Accumulators run(const Count& depth, Accumulators sums) {
    Val pass = b_.index(steps_.pass), whole = b_.mul(b_.idiv(depth.value, pass), pass);
    const Accumulators zeros = zero_tile(b_, shape_, b_.kernel().type(sums[0]).dtype);
    for (int chain = 1; chain < steps_.chains; ++chain) sums.insert(sums.end(), zeros.begin(), zeros.end());
    sums = add_chains(rows_point() ? by_offset(whole, std::move(sums)) : by_step(whole, std::move(sums)));
    if (steps_.pass == 1) return sums;
    if (!depth.fixed) return rest(whole, depth.value, std::move(sums));
    for (int64_t k = *depth.fixed / steps_.pass * steps_.pass; k < *depth.fixed; ++k)
      sums = step(step_at(b_.index(k)), sums);
    return sums;
  }

 private:
  // Multiplications by an element of memory take two micro-operations where its address has an index. With one vector
  // a row they are all there is: counting by the columns' offsets leaves rows a pointer of their own.
  bool rows_point() const {
    return shape_.vectors == 1 && columns_.copy < 0 && b_.constant(columns_.depth_stride).value_or(1) > 1;
  }

  StepAt step_at(Val k) {
    StepAt at{b_.add(rows_.base, b_.mul(k, rows_.depth_stride)),
              b_.add(columns_.base, b_.mul(k, columns_.depth_stride))};
    if (columns_.copy >= 0) at.copy = b_.add(columns_.copy_base, b_.mul(k, b_.index(shape_.width())));
    return at;
  }

  Accumulators step(const StepAt& at, std::span<const Val> sums) {
    std::vector<Val> vectors = load_columns(b_, shape_, columns_, at);
    Accumulators next;
    for (int i = 0; i < shape_.rows; ++i) {
      Val element = b_.load(rows_.buffer, b_.add(at.row, b_.index(i * rows_.row_stride)));
      Val a = b_.broadcast(element, shape_.lanes_of(0));
      for (int j = 0; j < shape_.vectors; ++j)
        next.push_back(b_.fma(first_lanes(a, shape_.lanes_of(j)), vectors[j], sums[i * shape_.vectors + j]));
    }
    return next;
  }

  // The same register.
  Val first_lanes(Val a, int lanes) {
    if (lanes == b_.kernel().type(a).lanes) return a;
    std::vector<int> first(static_cast<size_t>(lanes));
    std::iota(first.begin(), first.end(), 0);
    return b_.shuffle(a, a, std::move(first));
  }

  // The steps of a pass, in turn by the chains.
  Accumulators pass(const std::function<StepAt(int)>& at, std::span<const Val> in) {
    Accumulators sums(in.begin(), in.end());
    const size_t size = sums.size() / static_cast<size_t>(steps_.chains);
    for (int i = 0; i < steps_.pass; ++i) {
      std::span<Val> chain(sums.data() + static_cast<size_t>(i % steps_.chains) * size, size);
      std::ranges::copy(step(at(i), chain), chain.begin());
    }
    return sums;
  }

  Accumulators by_step(Val whole, Accumulators sums) {
    return b_.for_loop(b_.index(0), whole, steps_.pass, std::move(sums), [&](Val k, std::span<const Val> in) {
      return pass([&](int i) { return step_at(b_.add(k, b_.index(i))); }, in);
    });
  }

  Accumulators by_offset(Val whole, Accumulators sums) {
    const int64_t stride = *b_.constant(columns_.depth_stride);
    auto row_after = [&](Val row, int steps) {
      return b_.add(row, b_.mul(b_.index(steps), rows_.depth_stride));
    };
    sums.push_back(rows_.base);
    sums = b_.for_loop(b_.index(0), b_.mul(whole, columns_.depth_stride), steps_.pass * stride,
                       std::move(sums), [&](Val offset, std::span<const Val> in) {
                         Val first = b_.add(columns_.base, offset), row = in.back();
                         auto at = [&](int i) {
                           return StepAt{row_after(row, i), b_.add(first, b_.index(i * stride)), {}};
                         };
                         Accumulators next = pass(at, in.first(in.size() - 1));
                         next.push_back(row_after(row, steps_.pass));
                         return next;
                       });
    sums.pop_back();
    return sums;
  }

  // Halves are added until one chain is left.
  Accumulators add_chains(Accumulators sums) {
    for (int chains = steps_.chains; chains > 1; chains /= 2) {
      const size_t half = sums.size() / 2;
      for (size_t i = 0; i < half; ++i) sums[i] = b_.add(sums[i], sums[half + i]);
      sums.resize(half);
    }
    return sums;
  }

  Accumulators rest(Val from, Val to, Accumulators sums) {
    return b_.for_loop(from, to, 1, std::move(sums),
                       [&](Val k, std::span<const Val> in) { return step(step_at(k), in); });
  }

  loop::Builder& b_;
  TileShape shape_;
  const RowSource& rows_;
  const ColumnSource& columns_;
  Steps steps_;
};

}  // namespace

Accumulators zero_tile(loop::Builder& b, TileShape shape, DType dtype) {
  Accumulators out(static_cast<size_t>(shape.rows * shape.vectors), b.broadcast(zero(b, dtype), shape.lanes));
  if (shape.last == 0) return out;
  Val last = b.broadcast(zero(b, dtype), shape.last);
  for (size_t i = static_cast<size_t>(shape.vectors) - 1; i < out.size();
       i += static_cast<size_t>(shape.vectors))
    out[i] = last;
  return out;
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
                           const ColumnSource& columns, const Count& depth, Steps steps, Accumulators inits) {
  return Contraction(b, shape, rows, columns, steps).run(depth, std::move(inits));
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

// Stage s adds lanes whose numbers differ in bit s, of two vectors at once.
Val sums_of_lanes(loop::Builder& b, std::vector<Val> vectors, int lanes) {
  for (int bit = 1; bit < lanes; bit *= 2) {
    std::vector<int> lower(lanes), upper(lanes);
    for (int lane = 0; lane < lanes; ++lane) {
      int second = lane & bit ? lanes : 0;
      lower[lane] = second + (lane & ~bit);
      upper[lane] = second + (lane | bit);
    }
    std::vector<Val> next;
    for (size_t i = 0; i < vectors.size(); i += 2) {
      Val x = vectors[i], y = i + 1 < vectors.size() ? vectors[i + 1] : x;
      next.push_back(b.add(b.shuffle(x, y, lower), b.shuffle(x, y, upper)));
    }
    vectors = std::move(next);
  }
  return vectors[0];
}

}  // namespace nnc::contraction
