#include "codegen/core_rates.h"

namespace nnc {
namespace {

// Two multiply-adds and two loads a cycle, whatever the width.
constexpr CoreRates kTwoOfAll;

// Intel's servers: the same, of the narrower vectors three loads.
constexpr CoreRates kTwoOfWide{.narrow = {.load = 1.0 / 3, .broadcast = 1.0 / 3}};

// Zen 4 takes 512 bits in two halves: one multiply-add and one load a cycle, of narrower vectors two. The first-level cache
// has eight lines for addresses whole pages apart, and what is fetched ahead for more streams is lost before it is read.
constexpr CoreRates kHalves{.wide = {1, 1, 0.8, 0},
                            .narrow = {0.5, 0.5, 0.5, 0},
                            .tiles = {.cost = 1, .window = 0, .run = 0.5, .pair_of_sums = 1.0 / 6},
                            .hidden_load = 0.06,
                            .hidden_stream = 0.12,
                            .hidden_depth_stream = 0.12,
                            .paged_step = 10.7,
                            .far_element = 0.25,
                            .transposed = 0.1,
                            .far_transposed = 0.4,
                            .paged_row_element = 0.005,
                            .far_row_element = 0.005,
                            .paged_rows = 14,
                            .far_rows = 7,
                            .near_pages = 72,
                            .requests_streams = false,
                            .epilogue_share = 2,
                            .requests_next_panel = true,
                            .streams_alike = 7,
                            .runs_alike = 8,
                            .orders_results = true,
                            .lone_row_streams = 8,
                            .lone_row = 16,
                            .lone_row_alike = 8,
                            .even_lone_row = true,
                            .narrow_astride = true};

bool has_wide_vectors(const Target& t) { return t.vector_bytes == 64; }

}  // namespace

double TileRates::ends(int sums, int64_t instructions) const {
  return (instructions <= window ? hidden_cost : cost) + pair_of_sums * sums * sums / 2;
}

const CoreRates& core_rates(const Target& target) {
  if (!has_wide_vectors(target)) return kTwoOfAll;
  return target.cpu == "znver4" ? kHalves : kTwoOfWide;
}

}  // namespace nnc
