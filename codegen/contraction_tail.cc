// The part of a contraction's nest for the last columns, where they are too few for a vector of their own: vectors lie
// along depth, or along a strip's rows where those are neighbours, beside tiles whose vectors lie along columns.
#include "codegen/contraction_nest.h"

namespace nnc::contraction {
namespace {

constexpr Steps kTailSteps{.pass = 4, .chains = 4};  // an addition's latency

}  // namespace

// Each becomes contiguous along depth.
void Nest::pack_tail() {
  const Strided& s = *form_.columns().strided;
  const int input = input_buffer(s.input);
  Val base = pull_.scalar(form_.position(form_.columns(), {at_.batch, 0, 0, 0}));
  for (int j = 0; j < plan_.tail; ++j) {
    Val column = b_.mul(b_.add(at_.columns.value, b_.index(j)), b_.dim(s.free_stride));
    b_.for_each(b_.index(0), b_.dim(form_.extent(kDepth)), 1, [&](Val k) {
      Val element = b_.load(input, b_.add(b_.add(base, column), b_.mul(k, b_.dim(s.depth_stride))));
      b_.store(tail_panel_, b_.add(k, b_.index(j * depth_room())), element);
    });
  }
}

// The rows' sums of a column are one vector, stored a row apart.
void Nest::tail(const Strip& s, const Chunk& c) {
  Pull::Scope scope(pull_);
  const RowSource rows = row_source(s.first, c);
  Val mask = b_.lane_mask(b_.index(s.rows), lanes());
  const std::vector<Val> sums =
      rows.row_stride == 1 ? tail_along_rows(rows, mask, c) : tail_along_depth(s, c);
  TilePlace to = place(s, {.first = at_.columns.value});
  for (int j = 0; j < plan_.tail; ++j) {
    Val offsets = b_.add(b_.add(to.base, b_.index(j)), b_.mul(b_.iota(lanes()), to.row_stride));
    b_.scatter(to.buffer, offsets, sums[static_cast<size_t>(j)], mask);
  }
}

// A tile turned over: the packed columns are its rows, and the strip's rows its one vector.
std::vector<Val> Nest::tail_along_rows(const RowSource& rows, Val mask, const Chunk& c) {
  const TileShape turned{plan_.tail, 1, lanes()};
  const RowSource columns{tail_panel_, b_.index(0), depth_room(), b_.index(1)};
  const ColumnSource vectors{
      .buffer = rows.buffer, .base = rows.base, .depth_stride = rows.depth_stride, .mask = mask};
  return contract_tile(b_, turned, columns, vectors, c.depth, kTailSteps, zero_tile(b_, turned, dtype()));
}

std::vector<Val> Nest::tail_along_depth(const Strip& s, const Chunk& c) {
  Val zero = b_.immediate(Literal::from_double(dtype(), 0));
  auto vector = [&](int j, Val k, Val active) {
    Val at = b_.add(k, b_.index(j * depth_room()));
    return active.valid() ? b_.masked_load(tail_panel_, at, active, zero) : b_.load(tail_panel_, at, lanes());
  };
  const Accumulators sums = sum_along_depth(s, c, {plan_.tail, vector});
  std::vector<Val> out;
  for (int j = 0; j < plan_.tail; ++j) {
    std::vector<Val> of_column;
    for (int i = 0; i < s.rows; ++i) of_column.push_back(sums[static_cast<size_t>(i * plan_.tail + j)]);
    out.push_back(sums_of_lanes(b_, std::move(of_column), lanes()));
  }
  return out;
}

}  // namespace nnc::contraction
