// How a contraction's rows and columns are cut into tasks: enough of them for threads to share, of like size, and small
// enough that a task's panels stay in the second-level cache.
#pragma once

#include "codegen/contraction_cost.h"
#include "codegen/contraction_plan.h"

namespace nnc::contraction {

class Blocks {
 public:
  Blocks(const ProblemShape& shape, const Target& target, const Cost& cost)
      : s_(shape), target_(target), cost_(cost) {}

  /// The plan with the blocks that move least.
  Plan best(const Plan& plan) const;
  /// What the first of two threads has too much of, as a part of its share, with tiles of so many rows: it matters to
  /// products fused with others' work, whose operands and results stay with their threads from step to step.
  double uneven(int64_t tile_rows) const;

 private:
  double flops() const;
  int64_t wanted_tasks() const;
  /// Whether two threads may be quicker than one, which the model has to say.
  bool doubtful() const;
  int64_t longest(const Plan& p, int64_t unit, int64_t share) const;
  int64_t most_columns(const Plan& p) const;
  int64_t row_block(const Plan& p, int64_t tasks) const;
  double working(const Plan& p) const;
  double first_share(const Plan& p) const;
  int64_t half(int64_t block) const;
  int64_t even(int64_t tile, int64_t tasks) const;

  const ProblemShape& s_;
  const Target& target_;
  const Cost& cost_;
};

}  // namespace nnc::contraction
