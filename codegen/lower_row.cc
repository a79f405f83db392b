// Row regions: reductions over the trailing axes with the pointwise work around them, in passes over one row
// after the other. Three forms: short rows are straight code, in registers as far as they go; longer ones are
// loops, with what is dear to recompute kept in a scratch row; narrow ones put a row into every lane. Results that go past
// the caches are stored while the next row is computed: their last pass is part of one of the next row's.
#include <algorithm>
#include <set>

#include "codegen/chosen_elements.h"
#include "codegen/row_plan.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kElementsPerTask = 8192;
constexpr int64_t kNarrow = 16;  // elements a row may have to fit into one lane

class RowKernel {
 public:
  RowKernel(RegionKernel& k, RowPlan plan)
      : k_(k), b_(k.b), plan_(std::move(plan)), chosen_(k, plan_.row_length(), space_, variables_) {}

  loop::Kernel run() {
    find_loops();
    find_streams();
    share_memory();
    for (const RowPass& pass : plan_.passes) {
      for (Value v : pass.kept) {
        if (straight_) continue;
        scratch_[v] = k_.scratch("row", k_.body.type(v).dtype, plan_.row_length());
      }
    }
    Dim rows = plan_.row_count();
    int64_t length = std::max<int64_t>(1, k_.expect(plan_.row_length()));
    int64_t per_task = std::max<int64_t>(1, kElementsPerTask / length);
    k_.kernel.tasks = {{rows, per_task}};
    Val hi = b_.imin(b_.mul(b_.task_end(), b_.index(per_task)), b_.dim(rows));
    Val lo = b_.mul(b_.task_begin(), b_.index(per_task));
    if (overlaps())
      overlapping_rows(lo, hi);
    else
      b_.for_each(lo, hi, 1, [&](Val row) { one_row(row); });
    return k_.finish();
  }

 private:
  std::vector<Root> all_roots(const std::vector<IndexExpr>& index) const {
    std::vector<Root> out;
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      std::vector<Root> roots = pass_roots(p, index);
      out.insert(out.end(), roots.begin(), roots.end());
    }
    std::vector<Root> outer = outer_roots(index);
    out.insert(out.end(), outer.begin(), outer.end());
    return out;
  }

  std::vector<Root> pass_roots(size_t p, const std::vector<IndexExpr>& index) const {
    std::vector<Root> out = plan_.roots(k_.body, p, index), picks = plan_.pick_roots(p, index);
    out.insert(out.end(), picks.begin(), picks.end());
    return out;
  }

  std::vector<Root> outer_roots(const std::vector<IndexExpr>& index) const {
    AccessMap map{{index.begin(), index.begin() + static_cast<ptrdiff_t>(plan_.outer.size())}, {}};
    std::vector<Root> out;
    for (size_t i : plan_.outer_results) out.push_back({k_.result(i), map});
    return out;
  }

  void find_loops() {
    std::vector<int> labels(plan_.outer.size(), 0);
    labels.resize(plan_.full.size(), 1);
    space_ =
        collapse(k_.body, plan_.full, labels, [&](const std::vector<IndexExpr>& i) { return all_roots(i); });
    for (size_t i = 0; i < space_.groups.size(); ++i) {
      (space_.labels[i] == 0 ? outer_extents_ : inner_extents_).push_back(space_.extent(i));
      variables_.push_back(k_.pull.variable(space_.extent(i)));
      before_.push_back(space_.labels[i] == 0 ? k_.pull.variable(space_.extent(i)) : variables_.back());
    }
    const Dim& length = inner_extents_.back();
    lanes_ = variables_.back().is_constant() ? 1 : k_.lanes;
    straight_ = inner_extents_.size() == 1 && plan_.is_short(lanes_) && length.value() > 0;
    for (int64_t at = 0; straight_ && at < length.value(); at += lanes_) {
      vectors_.push_back(lanes_ == 1 ? IndexExpr(0) : k_.pull.variable(length));
    }
  }

  // The element that is computed, before any code exists.
  std::vector<IndexExpr> any_element() const {
    std::vector<IndexExpr> loops;
    for (size_t i = 0; i < space_.groups.size(); ++i) {
      loops.push_back(IndexExpr::variable(static_cast<int>(i), space_.extent(i)));
    }
    return space_.coordinates(loops);
  }

  // Operands that walks read at the element being computed are streams, of which the next row's place is known.
  void find_streams() {
    std::vector<IndexExpr> index = any_element();
    std::string here = linearize(index, plan_.full).str();
    std::set<NodeId> in_place;
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      for (const LeafAccess& a : leaf_accesses(k_.body, plan_.roots(k_.body, p, index), plan_.folded)) {
        if (a.offset.str() == here) in_place.insert(a.leaf.node);
      }
    }
    for (size_t i = 0; i < k_.body.inputs().size(); ++i) {
      if (in_place.contains(k_.body.inputs()[i])) streams_.push_back(static_cast<int>(i));
    }
  }

  // An operand read only at the element being computed may be the memory of a result stored in the last pass
  // that reads it, or later.
  void share_memory() {
    std::vector<IndexExpr> index = any_element();
    std::string here = linearize(index, plan_.full).str();
    std::map<NodeId, size_t> last_read;  // pass; what outer results read is read after all of them
    std::set<NodeId> elsewhere;
    for (const LeafAccess& a : leaf_accesses(k_.body, all_roots(index), plan_.folded)) {
      if (a.offset.str() != here) elsewhere.insert(a.leaf.node);
    }
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      std::vector<Root> roots = pass_roots(p, index);
      for (const LeafAccess& a : leaf_accesses(k_.body, roots, plan_.folded)) last_read[a.leaf.node] = p;
    }
    for (const LeafAccess& a : leaf_accesses(k_.body, outer_roots(index), plan_.folded)) {
      last_read[a.leaf.node] = plan_.passes.size();
    }
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      for (size_t r : plan_.passes[p].results) share_with(r, p, last_read, elsewhere);
    }
  }

  void share_with(size_t result, size_t pass, const std::map<NodeId, size_t>& last_read,
                  const std::set<NodeId>& elsewhere) {
    for (NodeId input : k_.body.inputs()) {
      auto it = last_read.find(input);
      bool free = it != last_read.end() && it->second <= pass && !elsewhere.contains(input);
      if (free && k_.body.node(input).results[0] == k_.body.type(k_.result(result)))
        k_.may_alias(input, result);
    }
  }

  // Where the elements of a row are: by the loops' variables, and its own coordinates.
  struct Row {
    std::vector<IndexExpr> index;
    AccessMap outer;
  };

  Row row_at(Val row, const std::vector<IndexExpr>& variables) {
    std::vector<IndexExpr> outer = delinearize(k_.pull.variable(plan_.row_count(), row), outer_extents_);
    for (size_t i = 0; i < outer.size(); ++i) k_.pull.set(variables[i], k_.pull.scalar(outer[i]));
    std::vector<IndexExpr> index = space_.coordinates(variables);
    auto end = index.begin() + static_cast<ptrdiff_t>(plan_.outer.size());
    return {index, {{index.begin(), end}, {}}};
  }

  void one_row(Val row) {
    Pull::Scope scope(k_.pull);
    Row at = row_at(row, variables_);
    for (size_t u = 0; u < vectors_.size(); ++u) {
      k_.pull.set(vectors_[u], b_.index(static_cast<int64_t>(u) * lanes_));
    }
    for (const RowPass& pass : plan_.passes) one_pass(pass, at, {});
    store_outer(at);
  }

  // Another pass that a walk makes as well, of another row: stored last, so that no load comes right behind a store to
  // what may be its place in another page.
  struct Beside {
    const RowPass* pass = nullptr;
    std::vector<IndexExpr> index = {};
  };

  void one_pass(const RowPass& pass, const Row& at, const Beside& beside) {
    std::vector<FoldRule> rules;
    for (const BodyFold& f : pass.folds) rules.push_back(f.rule);
    for (const RowPick& pick : pass.picks) chosen_.take(pick, at.outer);
    if (!pass.walks()) return;
    hoist(pass, at.index);
    std::vector<ChosenElements::Repaired> repaired = chosen_.compute(pass.repairs);
    FoldStates states = straight_ ? straight_pass(pass, rules) : loop_pass(pass, rules, beside);
    chosen_.store(repaired);
    for (size_t i = 0; i < rules.size(); ++i) {
      bind_fold(k_.pull, pass.folds[i], at.outer, fold_lanes(b_, rules[i], states[i]));
    }
    if (!straight_) bind_kept(pass, at);
  }

  void bind_kept(const RowPass& pass, const Row& at) {
    for (Value v : pass.kept) k_.pull.bind_buffer(v, scratch_.at(v), at.outer.index, plan_.inner);
  }

  void store_outer(const Row& at) {
    for (size_t i : plan_.outer_results) {
      k_.store(i, at.outer.index, k_.pull.at(k_.result(i), at.outer), {});
    }
  }

  // --- a row's last pass beside one of the next row's

  // The pass of the next row that stores are to hide in: one that takes arithmetic more than memory.
  size_t host() const {
    size_t last = plan_.passes.size() - 1, at = 0;
    while (at < last && !plan_.passes[at].expensive) ++at;
    return at;
  }

  // What the last pass reads of its row must outlast the next row's passes up to then: folds do, and what is kept at the
  // element where it is replaced. Picks and repairs are of the row at hand.
  bool overlaps() const {
    const size_t host = this->host();
    const RowPass& last = plan_.passes.back();
    auto stays = [&](const RowPass& p) { return p.kept.empty() || &p == &plan_.passes[host]; };
    if (straight_ || host + 1 == plan_.passes.size() || !std::ranges::all_of(plan_.passes, stays))
      return false;
    if (!last.folds.empty() || !last.picks.empty() || !plan_.last_reads_here) return false;
    if (!last.repairs.empty() || !plan_.passes[host].repairs.empty()) return false;
    return std::ranges::any_of(last.results, [&](size_t i) { return k_.result_bytes(i) >= kStreamedBytes; });
  }

  void overlapping_rows(Val lo, Val hi) {
    auto rows = [&] {
      Val second = b_.add(lo, b_.index(1));
      std::vector<Val> folded = all_but_last(lo, {});
      folded = b_.for_loop(second, hi, 1, folded,
                           [&](Val row, std::span<const Val> before) { return all_but_last(row, before); });
      Pull::Scope scope(k_.pull);
      Row at = row_at(b_.sub(hi, b_.index(1)), variables_);
      bind_folded(at, folded);
      bind_kept(plan_.passes[host()], at);
      one_pass(plan_.passes.back(), at, {});
      return std::vector<Val>{};
    };
    b_.if_else(b_.lt(lo, hi), rows, [] { return std::vector<Val>{}; });
  }

  // The passes of a row up to its last one, and the last one of the row before, if there is one, whose folds are given: in
  // a scope around this row's, which binds the same folds.
  std::vector<Val> all_but_last(Val row, std::span<const Val> before) {
    Pull::Scope scope(k_.pull);
    const RowPass& last = plan_.passes.back();
    Row late;
    if (!before.empty()) {
      late = row_at(b_.sub(row, b_.index(1)), before_);
      bind_folded(late, before);
      bind_kept(plan_.passes[host()], late);
      hoist(last, late.index);
    }
    Pull::Scope inner(k_.pull);
    Row at = row_at(row, variables_);
    for (size_t p = 0; p + 1 < plan_.passes.size(); ++p) {
      bool hosts = p == host() && !before.empty();
      one_pass(plan_.passes[p], at, hosts ? Beside{&last, late.index} : Beside{});
    }
    store_outer(at);
    std::vector<Val> folded;
    for (Value v : plan_.folded) folded.push_back(k_.pull.at(v, at.outer));
    return folded;
  }

  void bind_folded(const Row& at, std::span<const Val> folded) {
    for (size_t i = 0; i < folded.size(); ++i) k_.pull.bind(plan_.folded[i], at.outer, folded[i]);
  }

  // Whether a pass asks memory for the row that follows, for this one of the vectors of every round. The first pass is
  // busy with what the row before has asked for, the last one with its stores: an expensive pass between them leaves the
  // most time, without one the second pass asks for three quarters and its neighbour for the rest.
  bool asks(const RowPass& pass, int vector) const {
    std::vector<const RowPass*> walks;
    for (const RowPass& p : plan_.passes) {
      if (p.walks()) walks.push_back(&p);
    }
    auto expensive = std::find_if(walks.begin(), walks.end(), [](const RowPass* p) { return p->expensive; });
    if (expensive != walks.end()) return &pass == *expensive;
    size_t last = walks.size() - 1, most = std::min<size_t>(1, last), rest = most < last ? most + 1 : 0;
    return &pass == walks[vector + 1 < kVectorsAtOnce ? most : rest];
  }

  int64_t row_bytes() const { return k_.expect(plan_.row_length()) * 4; }

  // The place of the element at `index` in the row after this one.
  void prefetch_next_row(const std::vector<IndexExpr>& index) {
    bool long_row = row_bytes() > k_.target.l1_bytes / 4;
    Val ahead = b_.apply(Op::Max, {b_.dim(plan_.row_length()), b_.index(kPrefetched)});
    Val at = b_.add(k_.pull.scalar(linearize(index, plan_.full)), ahead);
    for (int operand : streams_) b_.prefetch(operand, at, long_row ? 2 : 1);
  }

  // What is the same along the row is computed before it; with several inner loops, in the innermost.
  void hoist(const RowPass& pass, const std::vector<IndexExpr>& index) {
    if (inner_extents_.size() > 1 || lanes_ == 1) return;
    Lanes lanes{lanes_, Pull::id_of(variables_.back()), {}};
    auto p = static_cast<size_t>(&pass - plan_.passes.data());
    for (const Root& root : plan_.roots(k_.body, p, index)) k_.pull.hoist(root.value, root.map, lanes);
  }

  FoldStates straight_pass(const RowPass& pass, const std::vector<FoldRule>& rules) {
    int64_t length = inner_extents_[0].value();
    std::vector<FoldStates> parts;
    for (size_t u = 0; u < vectors_.size(); ++u) {
      int64_t rest = length - static_cast<int64_t>(u) * lanes_;
      Val active = rest < lanes_ ? b_.lane_mask(b_.index(rest), lanes_) : Val{};
      std::vector<IndexExpr> loops = variables_;
      loops.back() = vectors_[u];
      FoldStates states =
          elements(pass, space_.coordinates(loops), {lanes_, Pull::id_of(vectors_[u]), active});
      for (size_t i = 0; active.valid() && i < rules.size(); ++i) {
        states[i] = fold_where(b_, rules[i], active, states[i]);
      }
      parts.push_back(std::move(states));
    }
    return fold_tree(b_, rules, std::move(parts));
  }

  FoldStates loop_pass(const RowPass& pass, const std::vector<FoldRule>& rules, const Beside& beside) {
    bool pays = k_.is_large() || !rules.empty(), dear = pass.expensive && !k_.is_large();
    int unroll = lanes_ > 1 && pays && rules.size() <= 4 && !dear ? kVectorsAtOnce : 1;
    size_t outer = outer_extents_.size();
    int vector = 0;  // of a round
    return fold_nest(
        b_, inner_extents_, lanes_, unroll, rules, lanes_, [&](const std::vector<Val>& ivs, Val active) {
          Pull::Scope scope(k_.pull);
          for (size_t i = 0; i < ivs.size(); ++i) k_.pull.set(variables_[outer + i], ivs[i]);
          chosen_.rule_out(pass.repairs);
          Lanes lanes{lanes_, Pull::id_of(variables_.back()), active};
          std::vector<IndexExpr> index = space_.coordinates(variables_);
          bool whole = !active.valid();
          if (k_.requests_memory(row_bytes()) && whole && asks(pass, vector++)) prefetch_next_row(index);
          return beside.pass ? elements_of_two(pass, index, beside, lanes) : elements(pass, index, lanes);
        });
  }

  // One vector of the row: what it adds to the folds, and everything stored once all of it is computed.
  FoldStates elements(const RowPass& pass, const std::vector<IndexExpr>& index, const Lanes& lanes) {
    Elements all = compute(pass, index, lanes);
    store(pass, index, all, lanes);
    return all.states;
  }

  struct Elements {
    FoldStates states;
    std::vector<Val> values;  // of the results
  };

  IndexExpr place_of(const std::vector<IndexExpr>& index) const {
    std::vector<IndexExpr> inner(index.begin() + static_cast<ptrdiff_t>(plan_.outer.size()), index.end());
    return linearize(inner, plan_.inner);
  }

  Elements compute(const RowPass& pass, const std::vector<IndexExpr>& index, const Lanes& lanes) {
    Elements out;
    for (const BodyFold& f : pass.folds) {
      out.states.push_back(fold_point(k_.pull, f, {index, {}}, place_of(index), lanes));
    }
    for (size_t i : pass.results) out.values.push_back(k_.pull.vector(k_.result(i), {index, {}}, lanes));
    return out;
  }

  void store(const RowPass& pass, const std::vector<IndexExpr>& index, const Elements& all,
             const Lanes& lanes) {
    for (size_t i = 0; i < all.values.size(); ++i) k_.store(pass.results[i], index, all.values[i], lanes);
    for (Value v : pass.kept) {
      if (!straight_) keep(v, place_of(index), k_.pull.vector(v, {index, {}}, lanes), lanes);
    }
  }

  // What is kept for the other pass is read before it is replaced.
  FoldStates elements_of_two(const RowPass& pass, const std::vector<IndexExpr>& index, const Beside& beside,
                             const Lanes& lanes) {
    Elements late = compute(*beside.pass, beside.index, lanes), own = compute(pass, index, lanes);
    store(pass, index, own, lanes);
    store(*beside.pass, beside.index, late, lanes);
    return own.states;
  }

  void keep(Value v, const IndexExpr& place, Val value, const Lanes& lanes) {
    Val at = k_.pull.scalar(place);
    if (lanes.active.valid())
      b_.masked_store(scratch_.at(v), at, value, lanes.active);
    else
      b_.store(scratch_.at(v), at, value);
  }

  RegionKernel& k_;
  loop::Builder& b_;
  RowPlan plan_;
  LoopSpace space_;
  Shape outer_extents_, inner_extents_;
  std::vector<IndexExpr> variables_;  // of the loops; the last one is the lanes'
  std::vector<IndexExpr> before_;     // the same, for the row before
  std::vector<IndexExpr> vectors_;    // of straight code: the lanes' variable of each vector
  std::map<Value, int> scratch_;
  std::vector<int> streams_;  // operands read at the element that is computed
  int lanes_ = 1;
  bool straight_ = false;
  ChosenElements chosen_;
};

bool is_narrow(const RegionKernel& k, const RowPlan& plan) {
  Dim length = plan.row_length();
  return length.is_constant() && length.value() <= kNarrow && k.expect(plan.row_count()) >= k.lanes;
}

}  // namespace

loop::Kernel lower_row(const Graph& graph, NodeId region, const Target& target, const Bindings& expected) {
  RegionKernel k(graph, region, target, expected);
  RowPlan plan = plan_rows(k, target.l2_bytes / 2 / 8);
  if (!is_narrow(k, plan)) return RowKernel(k, std::move(plan)).run();
  std::vector<MapResult> results;
  for (size_t i = 0; i < k.result_count(); ++i) {
    results.push_back({i, k.result_shape(i) == plan.full ? plan.inner : Shape{}});
  }
  return emit_map(k, plan.outer, results);
}

}  // namespace nnc
