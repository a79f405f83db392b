#include "tests/support/gradient_check.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ir/bind.h"

namespace nnc::test {
namespace {

// The sum of <v, w> over the float values, each w a new f64 input prefix0, prefix1, ...
Value weighted_sum(Builder& b, const std::vector<Value>& values, const std::string& prefix) {
  Value sum = b.scalar(DType::F64, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!is_float(b.dtype(values[i]))) continue;
    Shape shape = b.shape(values[i]);
    Value weights = b.input(fmt::format("{}{}", prefix, i), {DType::F64, shape});
    std::vector<int64_t> axes;
    for (size_t axis = 0; axis < shape.size(); ++axis) axes.push_back(static_cast<int64_t>(axis));
    sum = b.add(sum, b.reduce_add(b.mul(b.cast(values[i], DType::F64), weights), axes));
  }
  return sum;
}

std::vector<Value> float_leaves(Builder& b, const RowValues& row) {
  std::vector<Value> out;
  for (Value v : row.leaves) {
    if (is_float(b.dtype(v))) out.push_back(v);
  }
  return out;
}

const std::string& leaf_name(const Graph& g, Value leaf) {
  const Node& n = g.node(leaf);
  return n.op == Op::Input ? n.as<InputAttrs>().name : n.as<ParamAttrs>().path;
}

// L and, after it, dL/dx for every float leaf x.
struct Problem {
  Graph graph;
  std::vector<std::string> leaves;
  RowData data;
  Bindings bindings;
};

std::vector<Tensor> run(const Problem& p, const RowData& data) {
  std::vector<IndexFault> faults;
  return interpret(p.graph, data.inputs, data.params, {Precision::F64, p.bindings, &faults});
}

// Floats as f64; what the row does not provide (the weights) is drawn here.
RowData complete(const Graph& g, RowData data, const Bindings& bindings, uint64_t seed) {
  for (NamedTensors* tensors : {&data.inputs, &data.params}) {
    for (auto& [name, t] : *tensors) {
      if (is_float(t.dtype())) t = t.cast(DType::F64);
    }
  }
  for (NodeId id : g.inputs()) {
    const InputAttrs& a = g.node(id).as<InputAttrs>();
    if (data.inputs.count(a.name) > 0) continue;
    data.inputs.emplace(
        a.name, random_tensor(DType::F64, evaluate(a.type.shape, bindings), Domain::Any, seed += 101));
  }
  return data;
}

Problem build_problem(const OpRow& row, const Bindings& bindings, int order, uint64_t seed,
                      const Gradients& gradients) {
  Problem p{Graph("gradient"), {}, {}, bindings};
  Builder b(p.graph);
  RowValues values = build_row(b, row, DType::F64);
  std::vector<Value> leaves = float_leaves(b, values), weighted = values.results, slopes;
  Value loss;
  for (int k = 1; k <= order; ++k) {
    loss = weighted_sum(b, weighted, fmt::format("w{}_", k));
    slopes = weighted = gradients(b, loss, leaves);
  }
  p.graph.add_output({"loss", loss});
  for (Value v : slopes) p.graph.add_output({fmt::format("d{}", p.leaves.size()), v});
  for (Value v : leaves) p.leaves.push_back(leaf_name(p.graph, v));
  p.data = complete(p.graph, random_data(row, {DType::F64, bindings}, seed), bindings, seed);
  return p;
}

// x + h v for every leaf.
RowData moved(const Problem& p, const std::vector<Tensor>& direction, double h) {
  RowData data = p.data;
  for (size_t k = 0; k < p.leaves.size(); ++k) {
    auto it = data.inputs.find(p.leaves[k]);
    Tensor& x = it != data.inputs.end() ? it->second : data.params.at(p.leaves[k]);
    for (int64_t i = 0; i < x.count(); ++i) x.set(i, x.get(i) + h * direction[k].get(i));
  }
  return data;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.count(); ++i) sum += a.get(i) * b.get(i);
  return sum;
}

}  // namespace

std::string check_gradient(const OpRow& row, const Bindings& bindings, int order, uint64_t seed,
                           const Gradients& gradients) {
  Problem p = build_problem(row, bindings, order, seed, gradients);
  std::vector<Tensor> at = run(p, p.data), direction;
  double slope = 0, scale = 1 + std::fabs(at[0].get(0));
  for (size_t k = 0; k < p.leaves.size(); ++k) {
    const Tensor& gradient = at[k + 1];
    direction.push_back(random_tensor(DType::F64, gradient.shape(), Domain::Any, seed * 7 + k));
    slope += dot(gradient, direction[k]);
    scale += std::sqrt(dot(gradient, gradient) * dot(direction[k], direction[k]));
  }
  // Fourth order in h: the error is that of the arithmetic, about 1e-16 / h.
  constexpr double h = 1e-4;
  auto loss = [&](double step) { return run(p, moved(p, direction, step))[0].get(0); };
  double numeric = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
  if (std::fabs(slope - numeric) <= 1e-8 * scale) return "";
  return fmt::format("{} order {} ({}): <gradient, v> = {}, numerically {}", row.name, order,
                     RowCase{DType::F64, bindings}.str(), slope, numeric);
}

}  // namespace nnc::test
