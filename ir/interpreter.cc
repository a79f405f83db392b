// Runs a graph node by node. Values are shared, not copied, and dropped after their last use; an elementwise op writes
// its result over an operand that ends there.
#include "ir/interpreter.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/error.h"
#include "ir/op_call.h"

namespace nnc {
namespace {

using Ref = std::shared_ptr<const Tensor>;

Ref own(Tensor t) { return std::make_shared<Tensor>(std::move(t)); }
Ref borrow(const Tensor& t) { return Ref(std::shared_ptr<void>(), &t); }

// The tensor, to be written over or taken away, where this is all that holds it; null otherwise.
Tensor* last_owned(const Ref& r) {
  return r.use_count() == 1 && !r->is_view() ? const_cast<Tensor*>(r.get()) : nullptr;
}

Tensor taken(const Ref& r) {
  if (Tensor* owned = last_owned(r)) return std::move(*owned);
  return *r;
}

struct Context {
  const NamedTensors& params;
  const InterpretOptions& options;
  Bindings bindings;

  DType stored(DType type) const {
    return options.precision == Precision::F64 && is_float(type) ? DType::F64 : type;
  }
};

// An op without the graph around it.
struct Application {
  Op op;
  const Attrs& attrs;
  const std::vector<Type>& results;
};

std::vector<Ref> run_graph(const Graph& graph, const Context& context, std::vector<Ref> inputs);

// The operand whose memory an op may have for its result; null if there is none.
Tensor* overwritable(const Application& node, const Context& context, const std::vector<Ref>& in) {
  if (!is_elementwise(node.op)) return nullptr;
  for (const Ref& r : in) {
    Tensor* owned = last_owned(r);
    if (owned && owned->dtype() == context.stored(node.results[0].dtype)) return owned;
  }
  return nullptr;
}

std::vector<Tensor> allocate(const std::vector<Type>& types, const Context& context) {
  std::vector<Tensor> out;
  for (const Type& t : types) out.emplace_back(context.stored(t.dtype), evaluate(t.shape, context.bindings));
  return out;
}

// Element `t` of the leading axis.
Tensor slice_of(const Tensor& x, int64_t t) {
  Tensor out(x.dtype(), {x.shape().begin() + 1, x.shape().end()});
  size_t size = out.bytes().size();
  std::memcpy(out.bytes().data(), x.bytes().data() + static_cast<size_t>(t) * size, size);
  return out;
}

void store_slice(Tensor& into, int64_t t, const Tensor& x) {
  size_t size = x.bytes().size();
  std::memcpy(into.bytes().data() + static_cast<size_t>(t) * size, x.bytes().data(), size);
}

std::vector<Ref> scan(const Application& node, const Context& context, const std::vector<Ref>& in) {
  const ScanAttrs& a = std::get<ScanAttrs>(node.attrs);
  std::vector<Tensor> yields = allocate({node.results.begin() + a.carries, node.results.end()}, context);
  std::vector<Ref> carries(in.begin(), in.begin() + a.carries);
  const int64_t length = a.length.evaluate(context.bindings);
  for (int64_t step = 0; step < length; ++step) {
    int64_t t = a.reverse ? length - 1 - step : step;
    std::vector<Ref> arguments = std::move(carries);
    for (int64_t i = 0; i < a.scanned; ++i) arguments.push_back(own(slice_of(*in[a.carries + i], t)));
    arguments.insert(arguments.end(), in.begin() + a.carries + a.scanned, in.end());
    carries = run_graph(*a.body.graph, context, std::move(arguments));
    for (size_t i = 0; i < yields.size(); ++i) store_slice(yields[i], t, *carries[a.carries + i]);
    carries.resize(static_cast<size_t>(a.carries));
  }
  for (Tensor& y : yields) carries.push_back(own(std::move(y)));
  return carries;
}

// Any op but the leaves the graph provides. A fault's place in the graph is the caller's to fill in.
std::vector<Ref> apply(const Application& node, const Context& context, const std::vector<Ref>& in,
                       IndexFault& fault) {
  if (node.op == Op::Scan) return scan(node, context, in);
  if (node.op == Op::Region) return run_graph(*std::get<RegionAttrs>(node.attrs).body.graph, context, in);
  std::vector<Tensor> out;
  Tensor* overwritten = overwritable(node, context, in);
  if (overwritten)
    out.push_back(std::move(*overwritten));
  else
    out = allocate(node.results, context);
  std::vector<const Tensor*> operands;
  for (const Ref& r : in) operands.push_back(r.get() == overwritten ? &out[0] : r.get());
  compute({node.op, node.attrs, operands, out, context.bindings, &fault});
  std::vector<Ref> results;
  for (Tensor& t : out) results.push_back(own(std::move(t)));
  return results;
}

void report(IndexFault fault, const InterpretOptions& options) {
  if (fault.extent < 0) return;
  if (options.faults == nullptr) throw Error(fault.str());
  options.faults->push_back(std::move(fault));
}

const Tensor& find(const NamedTensors& tensors, const std::string& name, const char* kind, const Type& type,
                   Precision precision) {
  auto it = tensors.find(name);
  std::string what = fmt::format("{} '{}'", kind, name);
  if (it == tensors.end()) throw Error(what + " is missing; it should be " + type.str());
  DType given = it->second.dtype();
  bool widened = precision == Precision::F64 && is_float(type.dtype) && given == DType::F64;
  if (given != type.dtype && !widened) {
    throw Error(fmt::format("{} is {} and should be {}", what, it->second.type_str(), type.str()));
  }
  return it->second;
}

Ref widened(const Tensor& t, DType stored) { return t.dtype() == stored ? borrow(t) : own(t.cast(stored)); }

class Run {
 public:
  Run(const Graph& graph, const Context& context, std::vector<Ref> inputs)
      : graph_(graph), context_(context), inputs_(std::move(inputs)), values_(graph.size()) {}

  std::vector<Ref> outputs();

 private:
  std::vector<Ref> evaluate_node(NodeId id);
  Ref operand(Value v);
  Ref input(NodeId id) const;
  Ref param(const ParamAttrs& a) const;
  void drop_unused(const Node& node);
  void count_uses(const std::vector<bool>& live);

  const Graph& graph_;
  const Context& context_;
  std::vector<Ref> inputs_;
  std::vector<std::vector<Ref>> values_;
  std::vector<uint32_t> uses_;
};

std::vector<Ref> Run::outputs() {
  std::vector<bool> live = live_nodes(graph_);
  count_uses(live);
  for (NodeId id = 0; id < graph_.size(); ++id) {
    if (!live[id]) continue;
    values_[id] = evaluate_node(id);
    drop_unused(graph_.node(id));
  }
  std::vector<Ref> out;
  for (const Output& o : graph_.outputs()) out.push_back(values_[o.value.node][o.value.index]);
  return out;
}

// Being an output is a use that never ends.
void Run::count_uses(const std::vector<bool>& live) {
  uses_.assign(graph_.size(), 0);
  for (NodeId id = 0; id < graph_.size(); ++id) {
    if (!live[id]) continue;
    for (Value v : graph_.node(id).operands) ++uses_[v.node];
  }
  for (const Output& o : graph_.outputs()) ++uses_[o.value.node];
}

void Run::drop_unused(const Node& node) {
  for (Value v : node.operands) {
    if (--uses_[v.node] == 0) values_[v.node].clear();
  }
}

Ref Run::input(NodeId id) const {
  auto at = std::find(graph_.inputs().begin(), graph_.inputs().end(), id) - graph_.inputs().begin();
  return inputs_[static_cast<size_t>(at)];
}

Ref Run::param(const ParamAttrs& a) const {
  const Tensor& t = find(context_.params, a.path, "parameter", a.type, context_.options.precision);
  return widened(t, context_.stored(a.type.dtype));
}

// Handed over at its last use.
Ref Run::operand(Value v) {
  Ref& value = values_[v.node][v.index];
  return uses_[v.node] == 1 ? std::move(value) : value;
}

std::vector<Ref> Run::evaluate_node(NodeId id) {
  const Node& node = graph_.node(id);
  if (node.op == Op::Input) return {input(id)};
  if (node.op == Op::Param) return {param(node.as<ParamAttrs>())};
  std::vector<Ref> operands;
  for (Value v : node.operands) operands.push_back(operand(v));
  IndexFault fault{node.op, "", node.loc, 0, -1};
  std::vector<Ref> results = apply({node.op, node.attrs, node.results}, context_, operands, fault);
  if (fault.extent >= 0) fault.scope = graph_.scope_path(node.scope);
  report(std::move(fault), context_.options);
  return results;
}

std::vector<Ref> run_graph(const Graph& graph, const Context& context, std::vector<Ref> inputs) {
  return Run(graph, context, std::move(inputs)).outputs();
}

// Every input, then every param, with what it should look like.
Bindings bind(const Graph& graph, const NamedTensors& inputs, const NamedTensors& params,
              const InterpretOptions& options) {
  std::vector<GivenShape> given;
  auto add = [&](const NamedTensors& from, const std::string& name, const char* kind, const Type& type) {
    const Tensor& t = find(from, name, kind, type, options.precision);
    given.push_back({fmt::format("{} '{}'", kind, name), type, t.shape()});
  };
  for (NodeId id : graph.inputs()) {
    const InputAttrs& a = graph.node(id).as<InputAttrs>();
    add(inputs, a.name, "input", a.type);
  }
  for (NodeId id : graph.params()) {
    const ParamAttrs& a = graph.node(id).as<ParamAttrs>();
    add(params, a.path, "parameter", a.type);
  }
  return bind_symbols(given, options.bindings);
}

}  // namespace

std::string IndexFault::str() const {
  std::string where = scope.empty() ? "" : " in " + scope;
  if (loc.line > 0) where += fmt::format(" (line {}, column {})", loc.line, loc.column);
  return fmt::format("{}{}: index {} is outside [0, {})", info(op).name, where, index, extent);
}

std::vector<Tensor> interpret(const Graph& graph, const NamedTensors& inputs, const NamedTensors& params,
                              const InterpretOptions& options) {
  Context context{params, options, bind(graph, inputs, params, options)};
  std::vector<Ref> arguments;
  for (NodeId id : graph.inputs()) {
    const InputAttrs& a = graph.node(id).as<InputAttrs>();
    arguments.push_back(widened(inputs.at(a.name), context.stored(a.type.dtype)));
  }
  std::vector<Tensor> out;
  for (const Ref& r : run_graph(graph, context, std::move(arguments))) out.push_back(taken(r));
  return out;
}

std::vector<Tensor> evaluate_op(Op op, const Attrs& attrs, const std::vector<Type>& results,
                                const std::vector<const Tensor*>& operands, const InterpretOptions& options) {
  const NamedTensors no_params;
  Context context{no_params, options, options.bindings};
  std::vector<Ref> in;
  for (const Tensor* t : operands) in.push_back(widened(*t, context.stored(t->dtype())));
  IndexFault fault{op, "", {}, 0, -1};
  std::vector<Ref> refs = apply({op, attrs, results}, context, in, fault);
  report(std::move(fault), options);
  std::vector<Tensor> out;
  for (const Ref& r : refs) out.push_back(taken(r));
  return out;
}

}  // namespace nnc
