#include "codegen/reduce_nest.h"

#include <algorithm>

#include "codegen/in_place.h"
#include "ir/error.h"

namespace nnc {

using loop::Val;

ReduceNest::ReduceNest(const Graph& graph, NodeId region, const Target& target, const Bindings& expected)
    : k(graph, region, target, expected), b(k.b) {
  find_folds();
  find_loops();
  share_memory();
}

void ReduceNest::find_folds() {
  std::vector<bool> live = live_nodes(k.body);
  for (NodeId id = 0; id < k.body.size(); ++id) {
    const Node& n = k.body.node(id);
    if (!live[id] || !is_fold(n.op)) continue;
    if (folds_.empty()) {
      shape_ = k.body.type(n.operands[0]).shape;
      axes_ = fold_axes(n);
    }
    if (k.body.type(n.operands[0]).shape != shape_ || fold_axes(n) != axes_) continue;
    for (const BodyFold& f : folds_of(k.body, id)) folds_.push_back(f);
  }
  if (folds_.empty()) throw Error("a reduce region without a reduction");
  for (const BodyFold& f : folds_) rules.push_back(f.rule);
  for (size_t i = 0; i < k.result_count(); ++i) {
    if (element_count(k.result_shape(i)) != element_count(kept_shape())) {
      throw Error("a result of " + to_string(k.result_shape(i)) + " beside a fold to " +
                  to_string(kept_shape()));
    }
  }
}

void ReduceNest::find_loops() {
  std::vector<int> labels;
  for (size_t i = 0; i < shape_.size(); ++i) labels.push_back(is_folded(i));
  space_ = collapse(k.body, shape_, labels, [&](const std::vector<IndexExpr>& i) { return operands(i); });
  for (size_t i = 0; i < space_.groups.size(); ++i) {
    Dim extent = space_.extent(i);
    loops.push_back({extent, extent.is(1) ? IndexExpr(0) : k.pull.variable(extent), space_.labels[i] == 0});
    if (!extent.is(1)) lane = i;
  }
  for (size_t i = 0; i < loops.size(); ++i) {
    if (i == lane || loops[i].extent.is(1)) continue;
    (loops[i].kept ? kept : folded).push_back(i);
  }
  bool any = lane != SIZE_MAX;
  lane_kept = any && loops[lane].kept;
  if (any && !lane_kept) folded.push_back(lane);
  lanes = any ? k.lanes : 1;
}

void ReduceNest::share_memory() {
  std::vector<NodeId> anchors;
  for (const BodyFold& f : folds_) anchors.push_back(f.node);
  share_in_place(k.kernel, k.body, anchors);
}

bool ReduceNest::is_folded(size_t axis) const {
  return std::binary_search(axes_.begin(), axes_.end(), static_cast<int64_t>(axis));
}

Shape ReduceNest::kept_shape() const {
  Shape out;
  for (size_t i = 0; i < shape_.size(); ++i) {
    if (!is_folded(i)) out.push_back(shape_[i]);
  }
  return out;
}

std::vector<Root> ReduceNest::operands(const std::vector<IndexExpr>& index) const {
  std::vector<Root> out;
  for (const BodyFold& f : folds_) {
    for (Value v : k.body.node(f.node).operands) out.push_back({v, {index, {}}});
  }
  return out;
}

Shape ReduceNest::extents(const std::vector<size_t>& of) const {
  Shape out;
  for (size_t i : of) out.push_back(loops[i].extent);
  return out;
}

void ReduceNest::set_kept(Val row) {
  Shape shape = extents(kept);
  std::vector<IndexExpr> index = delinearize(k.pull.variable(element_count(shape), row), shape);
  for (size_t i = 0; i < kept.size(); ++i) {
    k.pull.set(loops[kept[i]].variable, k.pull.scalar(index[i]));
  }
}

void ReduceNest::set_folded(const std::vector<Val>& ivs) {
  for (size_t i = 0; i < ivs.size(); ++i) k.pull.set(loops[folded[i]].variable, ivs[i]);
}

std::vector<IndexExpr> ReduceNest::coordinates(const IndexExpr& at) const {
  std::vector<IndexExpr> point;
  for (size_t i = 0; i < loops.size(); ++i) point.push_back(i == lane ? at : loops[i].variable);
  return space_.coordinates(point);
}

AccessMap ReduceNest::kept_map(const std::vector<IndexExpr>& index) const {
  AccessMap out;
  for (size_t i = 0; i < index.size(); ++i) {
    if (!is_folded(i)) out.index.push_back(index[i]);
  }
  return out;
}

FoldStates ReduceNest::points(const std::vector<IndexExpr>& index, const Lanes& wide) {
  std::vector<IndexExpr> along;
  Shape shape;
  for (int64_t axis : axes_) {
    along.push_back(index[static_cast<size_t>(axis)]);
    shape.push_back(shape_[static_cast<size_t>(axis)]);
  }
  IndexExpr place = linearize(along, shape);
  FoldStates out;
  for (const BodyFold& f : folds_) out.push_back(fold_point(k.pull, f, {index, {}}, place, wide));
  return out;
}

void ReduceNest::store_results(const std::vector<IndexExpr>& index, const FoldStates& states,
                               const Lanes& wide) {
  AccessMap map = kept_map(index);
  for (size_t i = 0; i < folds_.size(); ++i) bind_fold(k.pull, folds_[i], map, states[i]);
  Shape shape = kept_shape();
  std::vector<Val> values;
  std::vector<std::vector<IndexExpr>> at;
  for (size_t i = 0; i < k.result_count(); ++i) {
    at.push_back(delinearize(linearize(map.index, shape), k.result_shape(i)));
    values.push_back(k.pull.vector(k.result(i), {at[i], {}}, wide));
  }
  for (size_t i = 0; i < k.result_count(); ++i) k.store(i, at[i], values[i], wide);
}

bool ReduceNest::expensive() const {
  std::vector<bool> live = live_nodes(k.body);
  for (NodeId id = 0; id < k.body.size(); ++id) {
    const Node& n = k.body.node(id);
    if (live[id] && is_expensive(n.op) && n.results[0].rank() == static_cast<int64_t>(shape_.size()))
      return true;
  }
  return false;
}

}  // namespace nnc
