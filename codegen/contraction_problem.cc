#include "codegen/contraction_problem.h"

#include <algorithm>

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

std::vector<Value> results_of(const Graph& body) {
  std::vector<Value> out;
  for (const Output& o : body.outputs()) out.push_back(o.value);
  return out;
}

// Whether a node beside the product, or behind it, has an element for each of its results.
bool is_as_large(const Graph& body, NodeId id, NodeId dot) {
  return element_count(body.node(id).results[0].shape) == element_count(body.node(dot).results[0].shape);
}

int64_t epilogue_bytes(const Graph& body, NodeId dot, const Bindings& expected) {
  int64_t bytes = 0;
  for (NodeId input : inputs_behind(body, results_of(body), dot)) {
    const Type& type = body.node(input).results[0];
    if (!is_as_large(body, input, dot)) continue;
    bytes += (element_count(type.shape) * Dim(size_of(type.dtype))).evaluate(expected);
  }
  return bytes;
}

// Elementwise operations that make a result of the product's, or of what is beside it.
int64_t epilogue_steps(const Graph& body, NodeId dot) {
  return std::ranges::count_if(nodes_behind(body, results_of(body), dot), [&](NodeId id) {
    return is_elementwise(body.node(id).op) && is_as_large(body, id, dot);
  });
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
