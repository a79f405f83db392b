#include "passes/find_non_finite.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "ir/plain_number.h"
#include "passes/rewrite.h"
#include "passes/training_step.h"

namespace nnc {
namespace {

/// An element of a value.
struct Place {
  Value value;
  int64_t at = 0;
};

/// The first element that is not finite, a NaN where there is one and `nan` asks for it; -1 where all are.
int64_t first_bad(const Tensor& t, bool nan = false) {
  int64_t found = -1;
  for (int64_t i = 0; is_float(t.dtype()) && i < t.count(); ++i) {
    double x = t.get(i);
    if (std::isfinite(x) || (found >= 0 && !(nan && std::isnan(x)))) continue;
    if (!nan || std::isnan(x)) return i;
    found = i;
  }
  return found;
}

std::vector<int64_t> index_of(int64_t at, const std::vector<int64_t>& shape) {
  std::vector<int64_t> out(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    out[axis] = at % shape[axis];
    at /= shape[axis];
  }
  return out;
}

bool is_leaf(Op op) { return info(op).op_class == OpClass::Leaf; }

// Element t of the leading axis.
Tensor slice(const Tensor& x, int64_t t) {
  Tensor out(x.dtype(), {x.shape().begin() + 1, x.shape().end()});
  size_t size = out.bytes().size();
  std::copy_n(x.bytes().begin() + t * static_cast<int64_t>(size), size, out.bytes().begin());
  return out;
}

// A graph after a run, with every value kept.
class Tracer {
 public:
  Tracer(const Graph& graph, const NamedTensors& inputs, const NamedTensors& params,
         const Bindings& bindings);

  const Graph& graph() const { return graph_; }
  const Tensor& tensor(Value v) const { return values_.at(v); }
  /// From an element that is not finite back to its origin.
  Place origin(Place bad) const;
  NonFinite describe(Place bad) const;

 private:
  std::optional<Place> cause(Place bad) const;
  Value chosen(const Node& select, int64_t at) const;
  std::optional<NonFinite> inside_scan(const Node& node) const;

  const Graph& graph_;
  Bindings bindings_;
  std::map<Value, Tensor> values_;
};

// Every value as an output: the interpreter keeps those.
Tracer::Tracer(const Graph& graph, const NamedTensors& inputs, const NamedTensors& params,
               const Bindings& bindings)
    : graph_(graph), bindings_(bindings) {
  Graph all = graph;
  std::vector<bool> live = live_nodes(graph);
  std::vector<Value> order;
  for (NodeId id = 0; id < graph.size(); ++id) {
    for (uint32_t k = 0; live[id] && k < graph.node(id).results.size(); ++k) order.push_back({id, k});
  }
  for (Value v : order) all.add_output({fmt::format("{}.{}", v.node, v.index), v, false});
  std::vector<IndexFault> faults;
  std::vector<Tensor> results = interpret(all, inputs, params, {.bindings = bindings, .faults = &faults});
  for (size_t i = 0; i < order.size(); ++i)
    values_.emplace(order[i], std::move(results[graph.outputs().size() + i]));
}

Value Tracer::chosen(const Node& select, int64_t at) const {
  const Tensor& condition = tensor(select.operands[0]);
  return select.operands[condition.get(condition.count() == 1 ? 0 : at) != 0 ? 1 : 2];
}

// The operand's element that made the result's bad, or nothing where none is. What moves elements about gives no place: a
// NaN is then followed rather than an infinity, which a mask may have put there.
std::optional<Place> Tracer::cause(Place bad) const {
  const Node& n = graph_.node(bad.value);
  std::vector<Value> operands = n.operands;
  if (n.op == Op::Select) operands = {chosen(n, bad.at)};
  bool nan = std::isnan(tensor(bad.value).get(bad.at));
  std::optional<Place> infinite;
  for (Value v : operands) {
    const Tensor& t = tensor(v);
    bool same_place = is_elementwise(n.op) || n.op == Op::Reshape;
    int64_t at = same_place && t.count() == tensor(bad.value).count() ? bad.at : first_bad(t, nan);
    if (at < 0 || !is_float(t.dtype()) || std::isfinite(t.get(at))) continue;
    if (!nan || std::isnan(t.get(at))) return Place{v, at};
    if (!infinite) infinite = Place{v, at};
  }
  return infinite;
}

// An infinity that was given, in a mask or to begin a maximum with, is no mistake: what made a NaN of it may be.
Place Tracer::origin(Place bad) const {
  Place last_nan = bad, user = bad;
  bool nan = false;
  for (std::optional<Place> next = bad; next; next = cause(bad)) {
    user = bad;
    bad = *next;
    if (!std::isnan(tensor(bad.value).get(bad.at))) continue;
    last_nan = bad;
    nan = true;
  }
  const Node& n = graph_.node(bad.value);
  bool given = is_leaf(n.op) && std::isinf(tensor(bad.value).get(bad.at));
  return !given ? bad : nan ? last_nan : user;
}

NonFinite Tracer::describe(Place bad) const {
  const Node& n = graph_.node(bad.value);
  if (n.op == Op::Scan) {
    if (std::optional<NonFinite> inner = inside_scan(n)) return *inner;
  }
  const Tensor& t = tensor(bad.value);
  NonFinite out{.op = std::string(info(n.op).name), .scope = graph_.scope_path(n.scope), .loc = n.loc};
  if (n.op == Op::Input) out.op = fmt::format("input '{}'", n.as<InputAttrs>().name);
  if (n.op == Op::Param) out.op = fmt::format("parameter '{}'", n.as<ParamAttrs>().path);
  out.value = t.get(bad.at);
  out.shape = t.shape();
  out.index = index_of(bad.at, out.shape);
  for (Value v : n.operands) {
    if (is_elementwise(n.op) && tensor(v).count() == t.count()) out.operands.push_back(tensor(v).get(bad.at));
  }
  return out;
}

// The body, step by step, until a result of it is not finite.
std::optional<NonFinite> Tracer::inside_scan(const Node& node) const {
  const auto& a = node.as<ScanAttrs>();
  const Graph& body = *a.body.graph;
  std::vector<Tensor> arguments;
  for (Value v : node.operands) arguments.push_back(tensor(v));
  const int64_t length = a.length.evaluate(bindings_);
  for (int64_t step = 0; step < length; ++step) {
    int64_t t = a.reverse ? length - 1 - step : step;
    NamedTensors inputs;
    for (size_t i = 0; i < arguments.size(); ++i) {
      bool scanned = i >= static_cast<size_t>(a.carries) && i < static_cast<size_t>(a.carries + a.scanned);
      const std::string& name = body.node(body.inputs()[i]).as<InputAttrs>().name;
      inputs.insert_or_assign(name, scanned ? slice(arguments[i], t) : arguments[i]);
    }
    Tracer run(body, inputs, {}, bindings_);
    for (const Output& o : body.outputs()) {
      int64_t at = first_bad(run.tensor(o.value));
      if (at < 0) continue;
      NonFinite found = run.describe(run.origin({o.value, at}));
      if (found.scope.empty()) found.scope = graph_.scope_path(node.scope);
      if (found.loc.line == 0) found.loc = node.loc;
      if (!found.scan_step) found.scan_step = t;
      return found;
    }
    for (int64_t c = 0; c < a.carries; ++c) arguments[c] = run.tensor(body.outputs()[c].value);
  }
  return std::nullopt;
}

// What the loss depends on is forward; the update's scope is the training step's own.
StepPart part_of(const Graph& step, const NonFinite& found, NodeId node) {
  if (ancestors(step, {step.find_output(kLossOutput)->value})[node]) return StepPart::Forward;
  return found.scope == "update" || found.scope.starts_with("update.") ? StepPart::Update
                                                                       : StepPart::Backward;
}

std::vector<Place> bad_ends(const Tracer& run, const NamedTensors& state) {
  std::vector<Place> out;
  auto add = [&](const Output& o) {
    int64_t at = first_bad(run.tensor(o.value), true);
    if (at >= 0) out.push_back({o.value, at});
  };
  add(*run.graph().find_output(kLossOutput));
  for (const Output& o : run.graph().outputs()) {
    if (o.state_write && first_bad(state.at(o.name)) < 0) add(o);
  }
  return out;
}

}  // namespace

std::string NonFinite::str() const {
  std::string where = scope.empty() ? "" : " in " + scope;
  if (loc.line > 0) where += fmt::format(" (line {}, column {})", loc.line, loc.column);
  constexpr const char* kParts[] = {"forward", "backward", "in the update"};
  std::string out =
      fmt::format("{}{}, {}, gives {} at [{}] of [{}]", op, where, kParts[static_cast<int>(part)],
                  plain_number(value), fmt::join(index, ", "), fmt::join(shape, ", "));
  if (scan_step) out += fmt::format(", step {} of the scan", *scan_step);
  return operands.empty() ? out : fmt::format("{}, from {}", out, fmt::join(operands, " and "));
}

std::optional<NonFinite> find_non_finite(const Graph& step, const NamedTensors& inputs,
                                         const NamedTensors& state, const Bindings& bindings) {
  Tracer run(step, inputs, state, bindings);
  std::vector<Place> ends = bad_ends(run, state);
  if (ends.empty()) return std::nullopt;
  Place origin = run.origin(ends.front());
  NonFinite found = run.describe(origin);
  found.part = part_of(step, found, origin.value.node);
  return found;
}

}  // namespace nnc
