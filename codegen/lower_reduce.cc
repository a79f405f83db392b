// Reduce regions: folds over any axes of one operand shape, with whatever produces the operands pulled in and a
// pointwise function of the results. The lanes run along the innermost loop: kept (column sums), where each
// lane is a result of its own, or folded, where lanes are folded at the end. Results are what tasks divide: one
// result is one task's, a sum to a scalar runs on one thread.
#include <algorithm>

#include "codegen/reduce_nest.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kElementsPerTask = 16384;

int unroll(const ReduceNest& nest) {
  return nest.lanes == 1 || nest.rules.size() > 4 || nest.expensive() ? 1 : 4;
}

void one_result(ReduceNest& nest, Val row) {
  Pull& pull = nest.k.pull;
  Pull::Scope scope(pull);
  nest.set_kept(row);
  IndexExpr lane = nest.lane == SIZE_MAX ? IndexExpr(0) : nest.loops[nest.lane].variable;
  std::vector<IndexExpr> index = nest.coordinates(lane);
  auto point = [&](const std::vector<Val>& ivs, Val active) {
    Pull::Scope inner(pull);
    nest.set_folded(ivs);
    return nest.points(index, {nest.lanes, Pull::id_of(lane), active});
  };
  FoldStates states =
      fold_nest(nest.b, nest.extents(nest.folded), nest.lanes, unroll(nest), nest.rules, nest.lanes, point);
  for (size_t i = 0; i < states.size(); ++i) states[i] = fold_lanes(nest.b, nest.rules[i], states[i]);
  nest.store_results(index, states, {});
}

// One result after the other, the lanes along what is folded.
void results(ReduceNest& nest) {
  loop::Builder& b = nest.b;
  Dim rows = element_count(nest.extents(nest.kept));
  int64_t work = std::max<int64_t>(1, nest.k.expect(element_count(nest.extents(nest.folded))));
  int64_t per_task = std::max<int64_t>(1, kElementsPerTask / work);
  nest.k.kernel.tasks = {{rows, per_task}};
  Val hi = b.imin(b.mul(b.task_end(), b.index(per_task)), b.dim(rows));
  b.for_each(b.mul(b.task_begin(), b.index(per_task)), hi, 1, [&](Val row) { one_result(nest, row); });
}

}  // namespace

loop::Kernel lower_reduce(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  ReduceNest nest(graph, region, target, expected);
  if (nest.lane_kept)
    reduce_columns(nest);
  else
    results(nest);
  return nest.k.finish();
}

}  // namespace nnc
