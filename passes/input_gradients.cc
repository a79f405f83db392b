#include "passes/input_gradients.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "passes/differentiate.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

DType float_for(DType type) {
  if (is_float(type)) return type;
  return type == DType::U8 || type == DType::Bool ? DType::F32 : DType::F64;
}

/// The model with inputs of floats.
class FloatInputs {
 public:
  FloatInputs(const Graph& model, std::span<const std::string> names) : to_(model) {
    for (NodeId id = 0; id < model.size(); ++id) {
      const Node& n = model.node(id);
      if (n.op == Op::Input && std::ranges::find(names, n.as<InputAttrs>().name) != names.end())
        add_input(id, n.as<InputAttrs>());
      else if (Value input = cast_input(n); input.valid())
        to_.replace(id, {to_.builder().cast(input, n.results[0].dtype)});
      else
        to_.keep(id);
    }
    to_.builder().set_scope(0);
    to_.builder().set_loc({});
  }

  Builder& builder() { return to_.builder(); }
  Value image(Value old) const { return to_(old); }
  Value input(NodeId old) const { return floats_.at(old); }

 private:
  void add_input(NodeId id, const InputAttrs& a) {
    to_.enter(id);
    Value input = to_.builder().input(a.name, {float_for(a.type.dtype), a.type.shape});
    floats_[id] = input;
    to_.replace(id, {to_.builder().cast(input, a.type.dtype)});
  }

  // The float input that a cast to floats reads.
  Value cast_input(const Node& n) const {
    if (n.op != Op::Cast || !is_float(n.results[0].dtype)) return {};
    auto found = floats_.find(n.operands[0].node);
    return found == floats_.end() ? Value{} : found->second;
  }

  Rebuild to_;
  std::map<NodeId, Value> floats_;
};

Value output_of(const Graph& model, const std::string& name) {
  const Output* out = model.find_output(name);
  if (out == nullptr) {
    std::vector<std::string> names;
    for (const Output& o : model.outputs()) names.push_back(o.name);
    throw Error(fmt::format("the model has no output '{}'", name),
                {fmt::format("it has {}", fmt::join(names, ", "))});
  }
  const Type& type = model.type(out->value);
  if (!is_float(type.dtype))
    throw Error(
        fmt::format("output '{}' is {}: only floats change gradually with the inputs", name, type.str()));
  return out->value;
}

Value weighed_sum(Builder& b, Value output) {
  Value y = b.cast(output, adjoint_dtype(b.dtype(output)));
  Value product = b.mul(y, b.input(kExplainSeed, b.type(y)));
  std::vector<int64_t> axes(b.shape(y).size());
  std::iota(axes.begin(), axes.end(), 0);
  return axes.empty() ? product : b.reduce_add(product, axes);
}

NodeId find_input(const Graph& model, const std::string& name) {
  for (NodeId id : model.inputs()) {
    if (model.node(id).as<InputAttrs>().name == name) return id;
  }
  throw Error(fmt::format("the model has no input '{}'", name));
}

}  // namespace

Graph input_gradients(const Graph& model, const std::string& output, std::span<const std::string> inputs) {
  Value old = output_of(model, output);
  FloatInputs floats(model, inputs);
  Builder& b = floats.builder();
  Value value = weighed_sum(b, floats.image(old));
  std::vector<Value> wrt;
  for (const std::string& name : inputs) wrt.push_back(floats.input(find_input(model, name)));
  std::vector<Seed> seeds = {{value, b.scalar(b.dtype(value), 1)}};
  std::vector<Value> found = pull_back(b, seeds, wrt);
  if (std::ranges::none_of(found, &Value::valid)) {
    throw Error(fmt::format("nothing flows back from '{}' to the inputs", output),
                {"an input that is an index, as of an embedding, has no gradient"});
  }
  b.graph().add_output({kExplainedValue, value});
  for (size_t i = 0; i < wrt.size(); ++i) {
    Type type = b.type(wrt[i]);
    Value gradient = found[i].valid() ? b.cast(found[i], type.dtype) : b.full(type.dtype, type.shape, 0);
    b.graph().add_output({"gradient." + inputs[i], gradient});
  }
  return eliminate_dead_code(b.graph());
}

}  // namespace nnc
