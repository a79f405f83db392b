#include "codegen/row_plan.h"

#include <algorithm>
#include <set>

#include "ir/error.h"

namespace nnc {
namespace {

bool folds_trailing(const Node& n, const Shape& operand) {
  std::vector<int64_t> axes = fold_axes(n);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != static_cast<int64_t>(operand.size() - axes.size() + i)) return false;
  }
  return true;
}

// Without loops a row's folds are waited for less: the machine has begun the next row. What registers do not hold of it is
// near. But straight code asks no memory ahead.
constexpr int kStraightVectors = 16;

class Planner {
 public:
  Planner(const RegionKernel& k, int64_t budget)
      : k_(k), body_(k.body), budget_(budget), live_(live_nodes(k.body)) {}

  RowPlan run() {
    find_shapes();
    find_levels();
    place_results();
    take_picks();
    mark_expensive();
    keep_values();
    find_repairs();
    plan_.last_reads_here = reads_kept_here(plan_.passes.size() - 1);
    return std::move(plan_);
  }

 private:
  bool is_row_fold(NodeId id) const {
    const Node& n = body_.node(id);
    if (!live_[id] || !is_fold(n.op)) return false;
    const Shape& operand = body_.type(n.operands[0]).shape;
    return operand == plan_.full && folds_trailing(n, operand) && fold_axes(n).size() == plan_.inner.size();
  }

  // The first fold says what a row is.
  void find_shapes() {
    for (NodeId id = 0; id < body_.size(); ++id) {
      const Node& n = body_.node(id);
      if (!live_[id] || !is_fold(n.op)) continue;
      const Shape& operand = body_.type(n.operands[0]).shape;
      if (!folds_trailing(n, operand)) continue;
      plan_.full = operand;
      auto split = operand.end() - static_cast<ptrdiff_t>(fold_axes(n).size());
      plan_.outer = {operand.begin(), split};
      plan_.inner = {split, operand.end()};
      const int64_t bytes = k_.expect(plan_.row_length()) * size_of(body_.type(n.operands[0]).dtype);
      plan_.straight_vectors = k_.requests_memory(bytes) ? kVectorsAtOnce : kStraightVectors;
      return;
    }
    throw Error("a row region without a reduction over trailing axes");
  }

  // A value's level is how many folds, one after the other, come before it.
  void find_levels() {
    level_.assign(body_.size(), 0);
    for (NodeId id = 0; id < body_.size(); ++id) {
      for (Value v : body_.node(id).operands) level_[id] = std::max(level_[id], level_[v.node]);
      if (!is_row_fold(id)) continue;
      if (plan_.passes.size() <= level_[id]) plan_.passes.resize(level_[id] + 1);
      for (const BodyFold& f : folds_of(body_, id)) plan_.passes[level_[id]].folds.push_back(f);
      for (uint32_t i = 0; i < body_.node(id).results.size(); ++i) plan_.folded.push_back({id, i});
      ++level_[id];
    }
  }

  void place_results() {
    for (size_t i = 0; i < k_.result_count(); ++i) {
      const Shape& shape = k_.result_shape(i);
      if (shape == plan_.full) {
        size_t pass = level_[k_.result(i).node];
        if (plan_.passes.size() <= pass) plan_.passes.resize(pass + 1);
        plan_.passes[pass].results.push_back(i);
      } else if (shape == plan_.outer) {
        plan_.outer_results.push_back(i);
      } else {
        throw Error("a result of " + to_string(shape) + " beside rows of " + to_string(plan_.full));
      }
    }
  }

  // Few elements are compared sooner.
  void take_picks() {
    const Dim length = plan_.row_length();
    bool few = length.is_constant() && length.value() <= int64_t{kVectorsAtOnce} * k_.lanes;
    if (few || plan_.inner.size() != 1) return;
    choices_ = find_choices(body_, plan_.full);
    for (RowPass& pass : plan_.passes) {
      std::vector<BodyFold> folds;
      for (const BodyFold& f : pass.folds) {
        if (std::optional<RowPick> pick = as_pick(body_, f, choices_))
          pass.picks.push_back(*pick);
        else
          folds.push_back(f);
      }
      pass.folds = std::move(folds);
    }
  }

  // Of the choices that bear on nothing but results, and there on the element that is computed. Straight code has no walk
  // that they could be kept out of.
  void find_repairs() {
    if (plan_.is_short(k_.lanes)) return;
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      RowPass& pass = plan_.passes[p];
      std::vector<Value> others = pass.kept;
      for (const BodyFold& f : pass.folds) append_operands(others, f.node);
      std::set<Value> barred = behind(std::move(others), false);
      barred.merge(taken_elsewhere(p));
      for (const RowChoice& c : choices_) {
        RowRepair repair{c, results_of(pass, c)};
        if (!barred.contains(c.holds) && pays(repair)) pass.repairs.push_back(std::move(repair));
      }
    }
  }

  // A second store to a line that went past the caches would read it back from memory.
  bool pays(const RowRepair& repair) const {
    return !repair.results.empty() &&
           std::ranges::all_of(repair.results, [&](size_t i) { return k_.result_bytes(i) < kStreamedBytes; });
  }

  // Those a choice bears on at the element that is computed.
  std::vector<size_t> results_of(const RowPass& pass, const RowChoice& choice) const {
    std::vector<size_t> out;
    for (size_t i : pass.results) {
      if (behind({k_.result(i)}, true).contains(choice.holds)) out.push_back(i);
    }
    return out;
  }

  bool reads_kept_here(size_t p) const {
    const std::set<Value> elsewhere = taken_elsewhere(p);
    return std::ranges::none_of(plan_.passes, [&](const RowPass& pass) {
      return std::ranges::any_of(pass.kept, [&](Value v) { return elsewhere.contains(v); });
    });
  }

  // What a walk reads, or may read, at other elements than the one it computes.
  std::set<Value> taken_elsewhere(size_t p) const {
    std::vector<Value> moved;
    for (Value v : behind(asked(p), true)) {
      if (!is_elementwise(body_.node(v).op) && !is_row_fold(v.node)) append_operands(moved, v.node);
    }
    return behind(std::move(moved), false);
  }

  void append_operands(std::vector<Value>& to, NodeId id) const {
    const std::vector<Value>& operands = body_.node(id).operands;
    to.insert(to.end(), operands.begin(), operands.end());
  }

  // What the values are made of, up to folds: by any steps, or by elementwise ones alone.
  std::set<Value> behind(std::vector<Value> stack, bool elementwise) const {
    std::set<Value> seen;
    while (!stack.empty()) {
      Value v = stack.back();
      stack.pop_back();
      if (!seen.insert(v).second || is_row_fold(v.node)) continue;
      if (!elementwise || is_elementwise(body_.node(v).op)) append_operands(stack, v.node);
    }
    return seen;
  }

  std::vector<Value> asked(size_t p) const {
    std::vector<Value> out;
    for (const Root& r : plan_.roots(body_, p, {})) out.push_back(r.value);
    return out;
  }

  // Values a pass computes at every element of the row, by elementwise steps from what it asks for. `enter` says
  // whether to look behind one.
  template <class F>
  void walk(size_t p, const F& enter) const {
    std::vector<Value> stack = asked(p);
    std::set<Value> seen;
    while (!stack.empty()) {
      Value v = stack.back();
      stack.pop_back();
      if (!seen.insert(v).second || body_.type(v).shape != plan_.full || !enter(v)) continue;
      if (!is_elementwise(body_.node(v).op)) continue;
      for (Value operand : body_.node(v).operands) stack.push_back(operand);
    }
  }

  void mark_expensive() {
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      walk(p, [&](Value v) {
        plan_.passes[p].expensive = plan_.passes[p].expensive || is_expensive(body_.node(v).op);
        return true;
      });
    }
  }

  // An expensive value that a later pass meets again is kept by the first pass that computes it.
  void keep_values() {
    std::map<Value, size_t> computed;
    std::set<Value> kept;
    for (size_t p = 0; p < plan_.passes.size(); ++p) {
      std::vector<Value> fresh;
      walk(p, [&](Value v) {
        if (kept.contains(v)) return false;
        auto it = computed.find(v);
        if (it == computed.end()) {
          fresh.push_back(v);
          return true;
        }
        if (!is_expensive(body_.node(v).op) || !affordable()) return true;
        plan_.passes[it->second].kept.push_back(v);
        kept.insert(v);
        return false;
      });
      for (Value v : fresh) computed[v] = p;
    }
  }

  bool affordable() {
    int64_t length = k_.expect(plan_.row_length());
    if (length > budget_) return false;
    budget_ -= length;
    return true;
  }

  const RegionKernel& k_;
  const Graph& body_;
  int64_t budget_;
  std::vector<bool> live_;
  std::vector<size_t> level_;
  std::vector<RowChoice> choices_;
  RowPlan plan_;
};

}  // namespace

std::vector<Root> RowPlan::roots(const Graph& body, size_t p, const std::vector<IndexExpr>& index) const {
  std::vector<Root> out;
  for (const BodyFold& f : passes[p].folds) {
    auto width = static_cast<size_t>(fold_group(body.node(f.node)));
    for (size_t i = 0; i < width; ++i) {
      out.push_back({body.node(f.node).operands[static_cast<size_t>(f.group) * width + i], {index, {}}});
    }
  }
  for (size_t i : passes[p].results) out.push_back({body.outputs()[i].value, {index, {}}});
  return out;
}

std::vector<Root> RowPlan::pick_roots(size_t p, const std::vector<IndexExpr>& index) const {
  std::vector<Root> out;
  for (const RowPick& pick : passes[p].picks) {
    out.push_back({pick.value, {index, {}}});
    out.push_back({pick.choice.holds, {index, {}}});
  }
  return out;
}

RowPlan plan_rows(const RegionKernel& k, int64_t budget) { return Planner(k, budget).run(); }

}  // namespace nnc
