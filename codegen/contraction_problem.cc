#include "codegen/contraction_problem.h"

#include <set>

#include "ir/origin.h"

namespace nnc::contraction {
namespace {

// Of all inputs behind a value, for an element of it.
double bytes_behind(const Graph& body, Value v, const Bindings& expected) {
  double bytes = 0;
  for (NodeId input : inputs_behind(body, {v})) {
    const Type& type = body.node(input).results[0];
    bytes += static_cast<double>(element_count(type.shape).evaluate(expected) * size_of(type.dtype));
  }
  double elements = static_cast<double>(element_count(body.type(v).shape).evaluate(expected));
  return elements > 0 ? bytes / elements : 0;
}

OperandShape operand_shape(const Form& form, const Operand& operand, const Bindings& expected) {
  OperandShape out;
  out.unit = operand.unit;
  out.bytes = bytes_behind(form.body(), operand.value, expected);
  if (!operand.strided) return out;
  out.strided = true;
  out.fixed = operand.strided->free_stride.is_constant();
  out.free_stride = operand.strided->free_stride.evaluate(expected);
  out.depth_stride = operand.strided->depth_stride.evaluate(expected);
  return out;
}

int64_t epilogue_bytes(const Graph& body, NodeId dot, const Bindings& expected) {
  const Dim count = element_count(body.node(dot).results[0].shape);
  std::vector<Value> results;
  for (const Output& out : body.outputs()) results.push_back(out.value);
  int64_t bytes = 0;
  for (NodeId input : inputs_behind(body, results, dot)) {
    const Type& type = body.node(input).results[0];
    if (element_count(type.shape) == count) bytes += (count * Dim(size_of(type.dtype))).evaluate(expected);
  }
  return bytes;
}

// Elementwise operations that make a result of the product's, or of what is beside it.
int64_t epilogue_steps(const Graph& body, NodeId dot) {
  const Dim count = element_count(body.node(dot).results[0].shape);
  std::vector<Value> stack;
  std::set<NodeId> seen = {dot};
  int64_t steps = 0;
  for (const Output& out : body.outputs()) stack.push_back(out.value);
  while (!stack.empty()) {
    const Value v = stack.back();
    stack.pop_back();
    if (!seen.insert(v.node).second) continue;
    const Node& n = body.node(v);
    steps += is_elementwise(n.op) && element_count(n.results[0].shape) == count;
    stack.insert(stack.end(), n.operands.begin(), n.operands.end());
  }
  return steps;
}

}  // namespace

ProblemShape problem_shape(const Form& form, const Bindings& expected) {
  ProblemShape s;
  auto extent = [&](Axis a) { return form.extent(a).evaluate(expected); };
  s.batch = extent(kBatch);
  s.rows = extent(kRow);
  s.columns = extent(kColumn);
  s.depth = extent(kDepth);
  s.rows_fixed = form.extent(kRow).is_constant();
  s.columns_fixed = form.extent(kColumn).is_constant();
  s.depth_fixed = form.extent(kDepth).is_constant();
  s.element_bytes = size_of(form.accumulator());
  s.row = operand_shape(form, form.rows(), expected);
  s.column = operand_shape(form, form.columns(), expected);
  s.plain = form.plain();
  s.scattered = form.scattered();
  s.epilogue_bytes = epilogue_bytes(form.body(), find_dot(form.body()), expected);
  s.epilogue_steps = epilogue_steps(form.body(), find_dot(form.body()));
  s.output_by_columns = form.output_unit() == kColumn;
  return s;
}

}  // namespace nnc::contraction
