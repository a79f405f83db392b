// Reduce regions: folds over any axes of one operand shape, with whatever produces the operands pulled in and a
// pointwise function of the results. The lanes run along the innermost loop: kept (column sums), where each
// lane is a result of its own, or folded, where lanes are folded at the end. Results are what tasks divide: one
// result is one task's, a sum to a scalar runs on one thread.
#include <algorithm>

#include "codegen/fold_loop.h"
#include "codegen/in_place.h"
#include "codegen/region_kernel.h"
#include "ir/error.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kElementsPerTask = 16384;

class ReduceKernel {
 public:
  ReduceKernel(const Graph& graph, NodeId region, const Target& target, const Bindings& expected)
      : k_(graph, region, target, expected), b_(k_.b) {}

  loop::Kernel run() {
    find_folds();
    find_loops();
    share_memory();
    if (lane_kept_)
      columns();
    else
      results();
    return k_.finish();
  }

 private:
  struct Loop {
    Dim extent;
    IndexExpr variable;
    bool kept;
  };

  void find_folds() {
    std::vector<bool> live = live_nodes(k_.body);
    for (NodeId id = 0; id < k_.body.size(); ++id) {
      const Node& n = k_.body.node(id);
      if (!live[id] || !is_fold(n.op)) continue;
      if (folds_.empty()) {
        shape_ = k_.body.type(n.operands[0]).shape;
        axes_ = fold_axes(n);
      }
      if (k_.body.type(n.operands[0]).shape != shape_ || fold_axes(n) != axes_) continue;
      for (const BodyFold& f : folds_of(k_.body, id)) folds_.push_back(f);
    }
    if (folds_.empty()) throw Error("a reduce region without a reduction");
    for (const BodyFold& f : folds_) rules_.push_back(f.rule);
    for (size_t i = 0; i < k_.result_count(); ++i) {
      if (element_count(k_.result_shape(i)) != element_count(kept_shape())) {
        throw Error("a result of " + to_string(k_.result_shape(i)) + " beside a fold to " +
                    to_string(kept_shape()));
      }
    }
  }

  void share_memory() {
    std::vector<NodeId> anchors;
    for (const BodyFold& f : folds_) anchors.push_back(f.node);
    share_in_place(k_.kernel, k_.body, anchors);
  }

  bool is_folded(size_t axis) const {
    return std::binary_search(axes_.begin(), axes_.end(), static_cast<int64_t>(axis));
  }
  Shape kept_shape() const {
    Shape out;
    for (size_t i = 0; i < shape_.size(); ++i) {
      if (!is_folded(i)) out.push_back(shape_[i]);
    }
    return out;
  }

  std::vector<Root> operands(const std::vector<IndexExpr>& index) const {
    std::vector<Root> out;
    for (const BodyFold& f : folds_) {
      for (Value v : k_.body.node(f.node).operands) out.push_back({v, {index, {}}});
    }
    return out;
  }

  void find_loops() {
    std::vector<int> labels;
    for (size_t i = 0; i < shape_.size(); ++i) labels.push_back(is_folded(i));
    space_ = collapse(k_.body, shape_, labels, [&](const std::vector<IndexExpr>& i) { return operands(i); });
    for (size_t i = 0; i < space_.groups.size(); ++i) {
      Dim extent = space_.extent(i);
      loops_.push_back(
          {extent, extent.is(1) ? IndexExpr(0) : k_.pull.variable(extent), space_.labels[i] == 0});
      if (!extent.is(1)) lane_ = i;
    }
    for (size_t i = 0; i < loops_.size(); ++i) {
      if (i == lane_ || loops_[i].extent.is(1)) continue;
      (loops_[i].kept ? kept_ : folded_).push_back(i);
    }
    bool any = lane_ != SIZE_MAX;
    lane_kept_ = any && loops_[lane_].kept;
    if (any && !lane_kept_) folded_.push_back(lane_);
    lanes_ = any ? k_.lanes : 1;
  }

  Shape extents(const std::vector<size_t>& loops) const {
    Shape out;
    for (size_t i : loops) out.push_back(loops_[i].extent);
    return out;
  }

  void set_kept(Val row) {
    Shape shape = extents(kept_);
    std::vector<IndexExpr> index = delinearize(k_.pull.variable(element_count(shape), row), shape);
    for (size_t i = 0; i < kept_.size(); ++i) {
      k_.pull.set(loops_[kept_[i]].variable, k_.pull.scalar(index[i]));
    }
  }

  // Coordinates with `lane` in the place of the lanes' loop.
  std::vector<IndexExpr> coordinates(const IndexExpr& lane) const {
    std::vector<IndexExpr> loops;
    for (size_t i = 0; i < loops_.size(); ++i) loops.push_back(i == lane_ ? lane : loops_[i].variable);
    return space_.coordinates(loops);
  }

  AccessMap kept_map(const std::vector<IndexExpr>& index) const {
    AccessMap out;
    for (size_t i = 0; i < index.size(); ++i) {
      if (!is_folded(i)) out.index.push_back(index[i]);
    }
    return out;
  }

  FoldStates points(const std::vector<IndexExpr>& index, const Lanes& lanes) {
    std::vector<IndexExpr> folded;
    Shape folded_shape;
    for (int64_t axis : axes_) {
      folded.push_back(index[static_cast<size_t>(axis)]);
      folded_shape.push_back(shape_[static_cast<size_t>(axis)]);
    }
    IndexExpr place = linearize(folded, folded_shape);
    FoldStates out;
    for (const BodyFold& f : folds_) out.push_back(fold_point(k_.pull, f, {index, {}}, place, lanes));
    return out;
  }

  void store_results(const std::vector<IndexExpr>& index, const FoldStates& states, const Lanes& lanes) {
    AccessMap map = kept_map(index);
    for (size_t i = 0; i < folds_.size(); ++i) bind_fold(k_.pull, folds_[i], map, states[i]);
    Shape kept = kept_shape();
    std::vector<Val> values;
    std::vector<std::vector<IndexExpr>> at;
    for (size_t i = 0; i < k_.result_count(); ++i) {
      at.push_back(delinearize(linearize(map.index, kept), k_.result_shape(i)));
      values.push_back(k_.pull.vector(k_.result(i), {at[i], {}}, lanes));
    }
    for (size_t i = 0; i < k_.result_count(); ++i) k_.store(i, at[i], values[i], lanes);
  }

  // One result after the other, the lanes along what is folded.
  void results() {
    Dim rows = element_count(extents(kept_));
    int64_t work = std::max<int64_t>(1, k_.expect(element_count(extents(folded_))));
    int64_t per_task = std::max<int64_t>(1, kElementsPerTask / work);
    k_.kernel.tasks = {{rows, per_task}};
    Val hi = b_.imin(b_.mul(b_.task_end(), b_.index(per_task)), b_.dim(rows));
    b_.for_each(b_.mul(b_.task_begin(), b_.index(per_task)), hi, 1, [&](Val row) {
      Pull::Scope scope(k_.pull);
      set_kept(row);
      IndexExpr lane = lane_ == SIZE_MAX ? IndexExpr(0) : loops_[lane_].variable;
      std::vector<IndexExpr> index = coordinates(lane);
      FoldStates states = fold_nest(b_, extents(folded_), lanes_, unroll(), rules_, lanes_,
                                    [&](const std::vector<Val>& ivs, Val active) {
                                      Pull::Scope inner(k_.pull);
                                      set_folded(ivs);
                                      return points(index, {lanes_, Pull::id_of(lane), active});
                                    });
      for (size_t i = 0; i < states.size(); ++i) states[i] = fold_lanes(b_, rules_[i], states[i]);
      store_results(index, states, {});
    });
  }

  // Side by side, to use neighbouring cache lines and hide the latency of an add; half of the registers hold sums.
  int column_vectors() const {
    int width = 0;
    for (const FoldRule& r : rules_) width += r.width();
    return std::clamp(k_.target.vector_registers / 2 / width, 1, expensive() ? 2 : 8);
  }

  int unroll() const { return lanes_ == 1 || rules_.size() > 4 || expensive() ? 1 : 4; }

  // Whether an element takes long enough to hide the latency of folding it.
  bool expensive() const {
    std::vector<bool> live = live_nodes(k_.body);
    for (NodeId id = 0; id < k_.body.size(); ++id) {
      const Node& n = k_.body.node(id);
      if (live[id] && is_expensive(n.op) && n.results[0].rank() == static_cast<int64_t>(shape_.size()))
        return true;
    }
    return false;
  }

  void set_folded(const std::vector<Val>& ivs) {
    for (size_t i = 0; i < ivs.size(); ++i) k_.pull.set(loops_[folded_[i]].variable, ivs[i]);
  }

  // A block of neighbouring results, one per lane, down all that is folded.
  void columns() {
    Dim rows = element_count(extents(kept_));
    const Dim& width = loops_[lane_].extent;
    int vectors = column_vectors();
    int64_t block = int64_t{vectors} * lanes_;
    k_.kernel.tasks = {{rows, 1}, {width, block}};
    Val n = b_.dim(width), blocks = b_.ceil_div(n, block);
    b_.for_each(b_.task_begin(), b_.task_end(), 1, [&](Val task) {
      Pull::Scope scope(k_.pull);
      set_kept(b_.idiv(task, blocks));
      Val lo = b_.mul(b_.irem(task, blocks), b_.index(block)), end = b_.add(lo, b_.index(block));
      auto whole = [&] {
        column_block(lo, vectors, {});
        return std::vector<Val>{};
      };
      auto part = [&] {
        b_.for_each(lo, n, lanes_, [&](Val at) { column_block(at, 1, b_.lane_mask(b_.sub(n, at), lanes_)); });
        return std::vector<Val>{};
      };
      b_.if_else(b_.apply(Op::Le, {end, n}), whole, part);
    });
  }

  void column_block(Val lo, int vectors, Val active) {
    Pull::Scope scope(k_.pull);
    std::vector<IndexExpr> lane;
    std::vector<FoldRule> rules;
    for (int v = 0; v < vectors; ++v) {
      lane.push_back(k_.pull.variable(loops_[lane_].extent));
      k_.pull.set(lane[static_cast<size_t>(v)], b_.add(lo, b_.index(v * lanes_)));
      rules.insert(rules.end(), rules_.begin(), rules_.end());
    }
    auto step = [&](const std::vector<Val>& ivs, Val) {
      Pull::Scope inner(k_.pull);
      set_folded(ivs);
      FoldStates all;
      for (const IndexExpr& l : lane) {
        FoldStates states = points(coordinates(l), {lanes_, Pull::id_of(l), active});
        all.insert(all.end(), states.begin(), states.end());
      }
      return all;
    };
    FoldStates states = fold_nest(b_, extents(folded_), 1, 1, rules, lanes_, step);
    for (size_t v = 0; v < lane.size(); ++v) {
      auto from = states.begin() + static_cast<ptrdiff_t>(v * rules_.size());
      store_results(coordinates(lane[v]), {from, from + static_cast<ptrdiff_t>(rules_.size())},
                    {lanes_, Pull::id_of(lane[v]), active});
    }
  }

  RegionKernel k_;
  loop::Builder& b_;
  std::vector<BodyFold> folds_;
  std::vector<FoldRule> rules_;
  Shape shape_;                // of the folds' operands
  std::vector<int64_t> axes_;  // folded
  LoopSpace space_;
  std::vector<Loop> loops_;
  std::vector<size_t> kept_, folded_;  // loops that are neither unit nor, where kept, the lanes'
  size_t lane_ = SIZE_MAX;
  bool lane_kept_ = false;
  int lanes_ = 1;
};

}  // namespace

loop::Kernel lower_reduce(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  return ReduceKernel(graph, region, target, expected).run();
}

}  // namespace nnc
