// Which tile computes a contraction: all that fit the registers are weighed.
#pragma once

#include "codegen/contraction_blocks.h"
#include "codegen/contraction_cost.h"
#include "codegen/contraction_plan.h"

namespace nnc::contraction {

class TileChoice {
 public:
  TileChoice(const ProblemShape& shape, const Target& target, const Cost& cost, const Blocks& blocks,
             int most_rows)
      : s_(shape), target_(target), cost_(cost), blocks_(blocks), most_rows_(most_rows) {}

  /// The plan with its best tile and number of chains: vectors along columns, or along depth.
  Plan by_columns(Plan plan) const;
  Plan by_depth(Plan plan) const;

 private:
  int accumulator_limit() const;
  int most_vectors(int lanes) const;
  bool cut_unevenly(const Plan& p) const;
  int most_rows(int vectors) const;
  int best_chains(const TileShape& tile) const;

  const ProblemShape& s_;
  const Target& target_;
  const Cost& cost_;
  const Blocks& blocks_;
  int most_rows_;  // of any tile
};

}  // namespace nnc::contraction
