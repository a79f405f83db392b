// Splits products over concats, decides what leaves the body, and builds what remains.
#include "passes/scan_hoist.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "passes/rewrite.h"
#include "passes/stack_node.h"

namespace nnc {
namespace {

// reads[id]: the node depends on one of the body inputs [first, last).
std::vector<bool> reads_inputs(const Graph& body, size_t first, size_t last) {
  std::vector<bool> out(body.size(), false);
  for (size_t i = first; i < last; ++i) out[body.inputs()[i]] = true;
  for (NodeId id = 0; id < body.size(); ++id) {
    for (Value v : body.node(id).operands) out[id] = out[id] || out[v.node];
  }
  return out;
}

// ---- dot(concat(x, h), w) = dot(x, w_x) + dot(h, w_h)

// Which operand of a dot is a concat along a contracted axis of values with and without the state, or -1.
int mixed_side(const Graph& g, const Node& dot, const std::vector<bool>& carried) {
  const auto& a = dot.as<DotAttrs>();
  for (int side : {0, 1}) {
    const Node& n = g.node(dot.operands[static_cast<size_t>(side)]);
    const std::vector<int64_t>& contract = side == 0 ? a.lhs_contract : a.rhs_contract;
    if (n.op != Op::Concat || std::count(contract.begin(), contract.end(), n.as<AxisAttrs>().axis) == 0)
      continue;
    auto with = std::count_if(n.operands.begin(), n.operands.end(), [&](Value v) { return carried[v.node]; });
    if (with > 0 && with < static_cast<ptrdiff_t>(n.operands.size())) return side;
  }
  return -1;
}

Value split_dot(Rebuild& to, NodeId id, size_t side) {
  Builder& b = to.builder();
  const Node& dot = to.source().node(id);
  const Node& joined = to.source().node(dot.operands[side]);
  const auto& a = dot.as<DotAttrs>();
  int64_t axis = joined.as<AxisAttrs>().axis;
  const std::vector<int64_t>& mine = side == 0 ? a.lhs_contract : a.rhs_contract;
  const std::vector<int64_t>& theirs = side == 0 ? a.rhs_contract : a.lhs_contract;
  int64_t other_axis = theirs[static_cast<size_t>(std::find(mine.begin(), mine.end(), axis) - mine.begin())];
  Value other = to(dot.operands[1 - side]), sum;
  Dim start = 0;
  for (Value old : joined.operands) {
    Value part = to(old);
    Dim size = b.shape(part)[axis];
    Value slice = b.slice_axis(other, other_axis, start, size);
    Value term = side == 0 ? b.dot(part, slice, a) : b.dot(slice, part, a);
    sum = sum.valid() ? b.add(sum, term) : term;
    start = start + size;
  }
  return sum;
}

Graph split_products(const Graph& body, size_t carries) {
  std::vector<bool> carried = reads_inputs(body, 0, carries);
  Rebuild to(body);
  for (NodeId id = 0; id < body.size(); ++id) {
    const Node& n = body.node(id);
    int side = n.op == Op::Dot ? mixed_side(body, n, carried) : -1;
    to.enter(id);
    if (side >= 0)
      to.replace(id, {split_dot(to, id, static_cast<size_t>(side))});
    else
      to.keep(id);
  }
  return eliminate_dead_code(to.finish());
}

// ---- what leaves the body

class Hoist {
 public:
  Hoist(Rebuild& to, NodeId id)
      : to_(to),
        b_(to.builder()),
        id_(id),
        attrs_(to.source().node(id).as<ScanAttrs>()),
        body_(split_products(hoist_scans(*attrs_.body.graph), carries())),
        operands_(to.operands_of(id)),
        carried_(reads_inputs(body_, 0, carries())),
        stepwise_(reads_inputs(body_, carries(), scanned_end())),
        leaves_(body_.size(), false) {
    for (size_t i = 0; i < body_.inputs().size(); ++i) inputs_[body_.inputs()[i]] = i;
  }

  void run() {
    choose();
    to_.enter(id_);
    collect();
    build();
  }

 private:
  size_t carries() const { return static_cast<size_t>(attrs_.carries); }
  size_t scanned_end() const { return static_cast<size_t>(attrs_.carries + attrs_.scanned); }

  // Outside, a value that reads no state is either the same at every step or one for each. Worth moving: products,
  // and what follows from something moved; a broadcast is smaller before than after.
  void choose() {
    std::vector<bool> possible(body_.size(), false);
    for (NodeId id = 0; id < body_.size(); ++id) {
      const Node& n = body_.node(id);
      if (carried_[id]) continue;
      possible[id] = n.op == Op::Input || !stepwise_[id] || can_stack(n, stacked_operands(n));
      bool follows = false, grows = n.op == Op::Broadcast || n.op == Op::Pad || n.op == Op::Window;
      for (Value v : n.operands) {
        possible[id] = possible[id] && possible[v.node];
        follows = follows || (leaves_[v.node] && stepwise_[v.node]);
      }
      bool leaf = info(n.op).op_class == OpClass::Leaf;
      bool worth = stepwise_[id] ? n.op == Op::Dot || n.op == Op::Gather || follows : true;
      leaves_[id] = possible[id] && worth && !leaf && !grows;
    }
  }

  std::vector<bool> stacked_operands(const Node& n) const {
    std::vector<bool> out;
    for (Value v : n.operands) out.push_back(stepwise_[v.node]);
    return out;
  }

  // A value without state, outside: with the leading axis of the steps when it is stepwise.
  Value outer(Value v) {
    auto known = outer_.find(v);
    if (known != outer_.end()) return known->second;
    auto input = inputs_.find(v.node);
    if (input != inputs_.end()) return operands_[input->second];
    const Node& n = body_.node(v);
    std::vector<Value> operands;
    for (Value o : n.operands) operands.push_back(outer(o));
    if (stepwise_[v.node]) return outer_[v] = stack_node(b_, n, operands, stacked_operands(n), attrs_.length);
    std::vector<Value> results = b_.add_node(n.op, n.attrs, std::move(operands));
    for (uint32_t i = 0; i < results.size(); ++i) outer_[{v.node, i}] = results[i];
    return outer_.at(v);
  }

  // A yield that can be had outside is not yielded.
  bool taken_outside(size_t k) const {
    Value v = body_.outputs()[k].value;
    return k >= carries() && stepwise_[v.node] && !carried_[v.node] &&
           (leaves_[v.node] || body_.node(v).op == Op::Input);
  }

  // What the remaining body consists of, from its outputs down.
  void collect() {
    std::set<Value> work;
    for (size_t k = 0; k < body_.outputs().size(); ++k) {
      if (!taken_outside(k)) work.insert(body_.outputs()[k].value);
    }
    while (!work.empty()) {
      Value v = *work.rbegin();
      work.erase(v);
      if (leaves_[v.node] || inputs_.count(v.node)) {
        read_.insert(v);
      } else if (kept_.insert(v.node).second) {
        for (Value o : body_.node(v).operands) work.insert(o);
      }
    }
  }

  void build() {
    Rebuild inner(body_);
    ScanAttrs attrs = attrs_;
    std::vector<Value> operands(operands_.begin(), operands_.begin() + attrs.carries);
    for (size_t k = 0; k < carries(); ++k) inner.keep(body_.inputs()[k]);
    for (bool stepwise : {true, false}) {
      for (Value v : read_) {
        auto input = inputs_.find(v.node);
        if (stepwise_[v.node] != stepwise || (input != inputs_.end() && input->second < carries())) continue;
        operands.push_back(outer(v));
        add_input(inner, v);
      }
      if (stepwise) attrs.scanned = static_cast<int64_t>(operands.size()) - attrs.carries;
    }
    for (NodeId id : kept_) inner.keep(id);
    finish(inner, attrs, std::move(operands));
  }

  void add_input(Rebuild& inner, Value v) {
    if (inputs_.count(v.node)) return inner.keep(v.node);
    std::string name = fmt::format("hoisted{}", added_++);
    while (has_input(name)) name = fmt::format("hoisted{}", added_++);
    inner.enter(v.node);
    std::vector<Value> images =
        inner.has(v.node) ? inner.images(v.node) : std::vector<Value>(body_.node(v).results.size());
    images[v.index] = inner.builder().input(name, body_.type(v));
    inner.replace(v.node, std::move(images));
  }
  bool has_input(const std::string& name) const {
    return std::any_of(body_.inputs().begin(), body_.inputs().end(),
                       [&](NodeId id) { return body_.node(id).as<InputAttrs>().name == name; });
  }

  void finish(Rebuild& inner, ScanAttrs attrs, std::vector<Value> operands) {
    Graph& graph = inner.builder().graph();
    std::vector<uint32_t> place(body_.outputs().size());
    for (size_t k = 0; k < body_.outputs().size(); ++k) {
      if (taken_outside(k)) continue;
      place[k] = static_cast<uint32_t>(graph.outputs().size());
      graph.add_output({body_.outputs()[k].name, inner(body_.outputs()[k].value), false});
    }
    attrs.body.graph = std::make_shared<const Graph>(std::move(graph));
    std::vector<Value> results;
    if (!attrs.body.graph->outputs().empty()) results = b_.scan(attrs, std::move(operands));
    std::vector<Value> images;
    for (size_t k = 0; k < body_.outputs().size(); ++k) {
      images.push_back(taken_outside(k) ? outer(body_.outputs()[k].value) : results[place[k]]);
    }
    to_.replace(id_, std::move(images));
  }

  Rebuild& to_;
  Builder& b_;
  NodeId id_;
  const ScanAttrs& attrs_;
  Graph body_;
  std::vector<Value> operands_;
  std::vector<bool> carried_, stepwise_, leaves_;
  std::map<NodeId, size_t> inputs_;
  std::map<Value, Value> outer_;
  std::set<Value> read_;
  std::set<NodeId> kept_;
  int added_ = 0;
};

}  // namespace

Graph hoist_scans(const Graph& source) {
  Rebuild to(source);
  std::vector<bool> live = live_nodes(source);
  for (NodeId id = 0; id < source.size(); ++id) {
    const Node& n = source.node(id);
    if (!live[id] && n.op != Op::Input) continue;
    if (n.op == Op::Scan)
      Hoist(to, id).run();
    else
      to.keep(id);
  }
  return to.finish();
}

}  // namespace nnc
