// Pointwise regions: every result element by itself. The axes collapse into as few loops as the accesses allow,
// most often one flat vector loop; tasks are chunks of a fixed number of elements, so that the number of
// threads changes no bit.
#include <algorithm>

#include "codegen/region_kernel.h"
#include "ir/error.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kElementsPerTask = 4096;
constexpr int kVectorsAtOnce = 4;  // of a large kernel

std::vector<IndexExpr> with_taps(std::vector<IndexExpr> index, const std::vector<IndexExpr>& tap) {
  index.insert(index.end(), tap.begin(), tap.end());
  return index;
}

// Calls f with the coordinates of each tap; one empty point where there are none.
void for_each_tap(const Shape& taps, const std::function<void(const std::vector<IndexExpr>&)>& f) {
  int64_t count = element_count(taps).value();
  for (int64_t i = 0; i < count; ++i) f(delinearize(IndexExpr(i), taps));
}

class MapKernel {
 public:
  MapKernel(RegionKernel& k, const Shape& shape, const std::vector<MapResult>& results)
      : k_(k), results_(results), shape_(shape.empty() ? Shape{1} : shape), scalar_(shape.empty()) {}

  loop::Kernel run() {
    space_ = collapse(k_.body, shape_, std::vector<int>(shape_.size(), 0),
                      [&](const std::vector<IndexExpr>& index) { return roots(index); });
    inner_ = space_.extent(space_.groups.size() - 1);
    for (size_t i = 0; i + 1 < space_.groups.size(); ++i) outer_shape_.push_back(space_.extent(i));
    lane_ = k_.pull.variable(inner_);
    lanes_ = lane_.is_constant() ? 1 : k_.lanes;
    share_memory();
    tile();
    return k_.finish();
  }

 private:
  std::vector<Root> roots(const std::vector<IndexExpr>& index) const {
    std::vector<Root> out;
    for (const MapResult& r : results_) {
      for_each_tap(r.taps, [&](const std::vector<IndexExpr>& tap) {
        out.push_back({k_.result(r.result), {with_taps(point(index), tap), {}}});
      });
    }
    return out;
  }

  bool has_taps() const {
    return std::any_of(results_.begin(), results_.end(), [](const MapResult& r) { return !r.taps.empty(); });
  }

  // Of a scalar there are no coordinates, though there is a loop.
  std::vector<IndexExpr> point(const std::vector<IndexExpr>& index) const {
    return scalar_ ? std::vector<IndexExpr>{} : index;
  }

  // An operand read only where a result of its type is written may be that result's memory.
  void share_memory() {
    std::vector<IndexExpr> loops;
    for (size_t i = 0; i < space_.groups.size(); ++i) {
      loops.push_back(IndexExpr::variable(static_cast<int>(i), space_.extent(i)));
    }
    std::vector<IndexExpr> index = space_.coordinates(loops);
    std::string here = linearize(index, shape_).str();
    std::vector<LeafAccess> accesses = leaf_accesses(k_.body, roots(index));
    for (NodeId input : k_.body.inputs()) {
      bool in_place = std::all_of(accesses.begin(), accesses.end(), [&](const LeafAccess& a) {
        return a.leaf.node != input || a.offset.str() == here;
      });
      for (const MapResult& r : results_) {
        bool same = k_.body.node(input).results[0].dtype == k_.body.type(k_.result(r.result)).dtype;
        if (in_place && same && r.taps.empty()) k_.may_alias(input, r.result);
      }
    }
  }

  // Flat: chunks of the one loop. Otherwise rows of the outer loops, and chunks of rows that are long.
  void tile() {
    loop::Builder& b = k_.b;
    if (outer_shape_.empty()) {
      k_.kernel.tasks = {{inner_, kElementsPerTask}};
      Val tile = b.index(kElementsPerTask);
      Val hi = b.imin(b.mul(b.task_end(), tile), b.dim(inner_));
      return row({}, b.mul(b.task_begin(), tile), hi,
                 inner_.is_constant() && inner_.value() <= kElementsPerTask);
    }
    Dim rows = element_count(outer_shape_);
    int64_t length = std::max<int64_t>(1, k_.expect(inner_));
    if (length <= 2 * kElementsPerTask) {
      int64_t per_task = std::max<int64_t>(1, kElementsPerTask / length);
      k_.kernel.tasks = {{rows, per_task}};
      Val hi = b.imin(b.mul(b.task_end(), b.index(per_task)), b.dim(rows));
      return b.for_each(b.mul(b.task_begin(), b.index(per_task)), hi, 1,
                        [&](Val r) { outer_row(rows, r, b.index(0), b.dim(inner_), true); });
    }
    k_.kernel.tasks = {{rows, 1}, {inner_, kElementsPerTask}};
    Val chunks = b.ceil_div(b.dim(inner_), kElementsPerTask), tile = b.index(kElementsPerTask);
    b.for_each(b.task_begin(), b.task_end(), 1, [&](Val t) {
      Val lo = b.mul(b.irem(t, chunks), tile);
      outer_row(rows, b.idiv(t, chunks), lo, b.imin(b.add(lo, tile), b.dim(inner_)), false);
    });
  }

  void outer_row(const Dim& rows, Val r, Val lo, Val hi, bool whole) {
    Pull::Scope scope(k_.pull);
    std::vector<IndexExpr> loops;
    for (const IndexExpr& e : delinearize(k_.pull.variable(rows, r), outer_shape_)) {
      size_t i = loops.size();
      loops.push_back(outer_shape_.size() == 1 ? e : k_.pull.variable(outer_shape_[i], k_.pull.scalar(e)));
    }
    row(loops, lo, hi, whole);
  }

  // Neighbouring lines of one array after the other come from memory quicker than one line of each array in turn.
  bool by_rounds() const {
    return k_.is_large() && k_.expect(inner_) >= int64_t{2} * kVectorsAtOnce * lanes_;
  }

  // Of one or two operands more is asked for at a time than of many, which is about as much in all.
  int64_t ahead() const {
    int64_t size = k_.expect(element_count(shape_));
    auto streams = std::count_if(k_.body.inputs().begin(), k_.body.inputs().end(), [&](NodeId input) {
      return k_.expect(element_count(k_.body.node(input).results[0].shape)) >= size;
    });
    return streams > 2 ? kPrefetched : 2 * kPrefetched;
  }

  // Elements [lo, hi) of the innermost loop; `whole` when that is all of it.
  void row(std::vector<IndexExpr> loops, Val lo, Val hi, bool whole) {
    loops.push_back(lane_);
    std::vector<IndexExpr> index = point(space_.coordinates(loops));
    if (lanes_ == 1) return k_.b.for_each(lo, hi, 1, [&](Val iv) { elements(index, iv, {}); });
    Lanes lanes{lanes_, Pull::id_of(lane_), {}};
    for (const Root& root : roots(index)) k_.pull.hoist(root.value, root.map, lanes);
    if (has_taps()) {
      // Gathers and scatters are masked anyway: one copy of the long straight code serves the last vector too.
      loop::Builder& b = k_.b;
      return b.for_each(lo, hi, lanes_,
                        [&](Val iv) { elements(index, iv, b.lane_mask(b.sub(hi, iv), lanes_)); });
    }
    auto vector = [&](Val iv, Val active) { elements(index, iv, active); };
    if (!by_rounds()) return k_.vector_loop(lo, hi, whole ? &inner_ : nullptr, vector);
    if (k_.requests_memory()) k_.pull.prefetch(k_.b.index(ahead()));
    k_.unrolled_loop(lo, hi, kVectorsAtOnce, vector);
    k_.pull.prefetch({});
  }

  // Everything is computed before anything is stored: results may overwrite operands.
  void elements(const std::vector<IndexExpr>& index, Val iv, Val active) {
    Pull::Scope scope(k_.pull);
    k_.pull.set(lane_, iv);
    Lanes lanes{lanes_, Pull::id_of(lane_), active};
    std::vector<std::function<void()>> stores;
    for (const MapResult& r : results_) {
      for_each_tap(r.taps, [&](const std::vector<IndexExpr>& tap) {
        std::vector<IndexExpr> at = with_taps(index, tap);
        Val value = k_.pull.vector(k_.result(r.result), {at, {}}, lanes);
        stores.push_back([this, r, at, value, lanes] { k_.store(r.result, at, value, lanes); });
      });
    }
    for (const auto& store : stores) store();
  }

  RegionKernel& k_;
  const std::vector<MapResult>& results_;
  Shape shape_;
  bool scalar_;
  LoopSpace space_;
  Shape outer_shape_;
  Dim inner_;
  IndexExpr lane_;
  int lanes_ = 1;
};

}  // namespace

loop::Kernel emit_map(RegionKernel& k, const Shape& space, const std::vector<MapResult>& results) {
  return MapKernel(k, space, results).run();
}

loop::Kernel lower_pointwise(const Graph& graph, NodeId region, const Target& target,
                             const Bindings& expected) {
  RegionKernel k(graph, region, target, expected);
  std::vector<MapResult> results;
  for (size_t i = 0; i < k.result_count(); ++i) {
    if (k.result_shape(i) != k.result_shape(0)) {
      throw Error("pointwise region '" + k.kernel.name + "' has results of several shapes");
    }
    results.push_back({i, {}});
  }
  return emit_map(k, k.result_shape(0), results);
}

}  // namespace nnc
