// Index regions: scatter_add. A task owns a range of destination rows: it copies the base there and then goes
// through all indices in order, adding the updates that fall into its range. No two tasks share a result, and
// every result is summed in index order, so the bits are the same for any number of threads.
#include <algorithm>

#include "codegen/region_kernel.h"
#include "ir/error.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kElementsPerTask = 4096;
constexpr int64_t kRanges = 16;  // more would read the indices too often

class ScatterKernel {
 public:
  ScatterKernel(const Graph& graph, NodeId region, const Target& target, const Bindings& expected)
      : k_(graph, region, target, expected), b_(k_.b) {}

  loop::Kernel run() {
    find_shapes();
    share_memory();
    int64_t per_row = std::max<int64_t>(1, k_.expect(element_count(tail_)));
    int64_t count = k_.expect(rows_);
    int64_t range = std::max({int64_t{1}, kElementsPerTask / per_row, (count + kRanges - 1) / kRanges});
    k_.kernel.tasks = {{element_count(head_), 1}, {rows_, range}};
    Val ranges = b_.ceil_div(b_.dim(rows_), range);
    b_.for_each(b_.task_begin(), b_.task_end(), 1, [&](Val task) {
      Pull::Scope scope(k_.pull);
      std::vector<IndexExpr> head = point(head_, b_.idiv(task, ranges));
      Val lo = b_.mul(b_.irem(task, ranges), b_.index(range));
      Val hi = b_.imin(b_.add(lo, b_.index(range)), b_.dim(rows_));
      copy_base(head, lo, hi);
      add_updates(head, lo, hi);
    });
    return k_.finish();
  }

 private:
  // Base [head, rows, tail], indices [picks], updates [head, picks, tail].
  void find_shapes() {
    if (k_.result_count() != 1 || k_.body.node(k_.result(0)).op != Op::ScatterAdd) {
      throw Error("an index region gives the result of one scatter_add");
    }
    const Shape& shape = k_.result_shape(0);
    auto axis = node().as<AxisAttrs>().axis;
    head_ = {shape.begin(), shape.begin() + axis};
    rows_ = shape[static_cast<size_t>(axis)];
    tail_ = {shape.begin() + axis + 1, shape.end()};
    picks_ = k_.body.type(node().operands[1]).shape;
  }

  const Node& node() const { return k_.body.node(k_.result(0)); }

  // The base may be updated in place when nothing else reads its memory.
  void share_memory() {
    Value base = node().operands[0];
    if (k_.body.node(base).op != Op::Input) return;
    std::vector<bool> reached(k_.body.size(), false);
    reached[node().operands[1].node] = reached[node().operands[2].node] = true;
    for (NodeId id = static_cast<NodeId>(k_.body.size()); id-- > 0;) {
      if (!reached[id]) continue;
      for (Value v : k_.body.node(id).operands) reached[v.node] = true;
    }
    if (!reached[base.node]) k_.may_alias(base.node, 0);
  }

  std::vector<IndexExpr> point(const Shape& shape, Val flat) {
    return delinearize(k_.pull.variable(element_count(shape), flat), shape);
  }

  static std::vector<IndexExpr> join(std::vector<IndexExpr> a, const std::vector<IndexExpr>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  // f(tail coordinates, lanes) over the elements of one row, vector by vector.
  void along_tail(const std::function<void(const std::vector<IndexExpr>&, const Lanes&)>& f) {
    Dim length = element_count(tail_);
    if (length.is(1)) return f(std::vector<IndexExpr>(tail_.size(), 0), {});
    k_.vector_loop(b_.index(0), b_.dim(length), &length, [&](Val iv, Val active) {
      Pull::Scope scope(k_.pull);
      IndexExpr lane = k_.pull.variable(length, iv);
      f(delinearize(lane, tail_), {k_.lanes, Pull::id_of(lane), active});
    });
  }

  void copy_base(const std::vector<IndexExpr>& head, Val lo, Val hi) {
    b_.for_each(lo, hi, 1, [&](Val row) {
      Pull::Scope scope(k_.pull);
      std::vector<IndexExpr> at = join(head, {k_.pull.variable(rows_, row)});
      along_tail([&](const std::vector<IndexExpr>& tail, const Lanes& lanes) {
        std::vector<IndexExpr> index = join(at, tail);
        k_.store(0, index, k_.pull.vector(node().operands[0], {index, {}}, lanes), lanes);
      });
    });
  }

  void add_updates(const std::vector<IndexExpr>& head, Val lo, Val hi) {
    b_.for_each(b_.index(0), b_.dim(element_count(picks_)), 1, [&](Val pick) {
      Pull::Scope scope(k_.pull);
      std::vector<IndexExpr> picked = point(picks_, pick);
      Val row = clamped(b_.cast(k_.pull.at(node().operands[1], {picked, {}}), DType::I64));
      Val mine = b_.apply(Op::And, {b_.apply(Op::Le, {lo, row}), b_.lt(row, hi)});
      b_.if_then(mine, [&] {
        Pull::Scope inner(k_.pull);
        add_row(join(head, {k_.pull.variable(rows_, row)}), join(head, picked));
      });
    });
  }

  Val clamped(Val i) {
    Val last = b_.sub(b_.dim(rows_), b_.index(1)), zero = b_.index(0);
    b_.report_index(b_.apply(Op::Or, {b_.lt(i, zero), b_.lt(last, i)}));
    return b_.apply(Op::Max, {b_.imin(i, last), zero});
  }

  void add_row(const std::vector<IndexExpr>& to, const std::vector<IndexExpr>& from) {
    along_tail([&](const std::vector<IndexExpr>& tail, const Lanes& lanes) {
      Val update = k_.pull.vector(node().operands[2], {join(from, tail), {}}, lanes);
      std::vector<IndexExpr> index = join(to, tail);
      k_.store(0, index, b_.add(k_.load_result(0, index, lanes), update), lanes);
    });
  }

  RegionKernel k_;
  loop::Builder& b_;
  Shape head_, tail_, picks_;
  Dim rows_;
};

}  // namespace

loop::Kernel lower_index(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  return ScatterKernel(graph, region, target, expected).run();
}

}  // namespace nnc
