#include "tests/passes/directional.h"

#include <cmath>
#include <numeric>
#include <random>

#include <fmt/format.h>

#include "passes/differentiate.h"

namespace nnc::test {

Tensor uniform(std::vector<int64_t> shape, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(low, high);
  Tensor out(DType::F64, std::move(shape));
  for (double& x : out.as<double>()) x = draw(random);
  return out;
}

namespace {

Value dot_all(Builder& b, Value a, Value c) {
  std::vector<int64_t> axes(b.shape(a).size());
  std::iota(axes.begin(), axes.end(), 0);
  return b.reduce_add(b.mul(a, c), axes);
}

// A graph with inputs x0.., and for each derivative taken another set of random weights, which are inputs
// too.
struct Check {
  std::vector<Tensor> inputs;
  Graph graph;
  NamedTensors values;
  InterpretOptions options;
  std::vector<Value> x;
  int weights = 0;

  Value weighted_sum(Builder& b, const std::vector<Value>& ys) {
    Value sum = b.scalar(DType::F64, 0);
    for (Value y : ys) {
      if (b.dtype(y) != DType::F64) continue;
      std::string name = fmt::format("weight{}", weights++);
      std::vector<int64_t> extents;
      for (const Dim& d : b.shape(y)) extents.push_back(d.evaluate(options.bindings));
      values.emplace(name, uniform(extents, 1000 + static_cast<uint64_t>(weights), 0.5, 1.5));
      sum = b.add(sum, dot_all(b, y, b.input(name, b.type(y))));
    }
    return sum;
  }
  std::vector<double> at(double h) {
    NamedTensors moved = values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Tensor t = inputs[i];
      Tensor step = uniform(t.shape(), 77 + i);
      for (int64_t k = 0; t.dtype() == DType::F64 && k < t.count(); ++k) t.set(k, t.get(k) + h * step.get(k));
      moved.emplace(fmt::format("x{}", i), std::move(t));
    }
    std::vector<double> out;
    for (const Tensor& t : interpret(graph, moved, {}, options)) out.push_back(t.get(0));
    return out;
  }
};

}  // namespace

std::string check_derivatives(const std::vector<Tensor>& inputs, const Build& build, int order,
                              const Bindings& bindings) {
  Check c{inputs, Graph(), {}, {}, {}, 0};
  c.options.bindings = bindings;
  Builder b(c.graph);
  std::vector<Value> floats, directions;
  for (size_t i = 0; i < inputs.size(); ++i) {
    c.x.push_back(b.input(fmt::format("x{}", i), type_of(inputs[i])));
    if (inputs[i].dtype() != DType::F64) continue;
    floats.push_back(c.x.back());
    directions.push_back(b.input(fmt::format("direction{}", i), type_of(inputs[i])));
    c.values.emplace(fmt::format("direction{}", i), uniform(inputs[i].shape(), 77 + i));
  }
  std::vector<Value> ys = build(b, c.x);
  for (int k = 0; k < order; ++k) {
    Value loss = c.weighted_sum(b, ys);
    ys = gradients(b, loss, floats);
    Value slope = b.scalar(DType::F64, 0);
    for (size_t i = 0; i < ys.size(); ++i) slope = b.add(slope, dot_all(b, ys[i], directions[i]));
    c.graph.add_output({fmt::format("loss{}", k), loss});
    c.graph.add_output({fmt::format("slope{}", k), slope});
  }
  constexpr double h = 1e-5;
  std::vector<double> here = c.at(0), above = c.at(h), below = c.at(-h);
  for (size_t k = 0; k < here.size(); k += 2) {
    double want = (above[k] - below[k]) / (2 * h), got = here[k + 1];
    if (std::abs(got - want) <= 1e-6 * std::max({1.0, std::abs(want), std::abs(here[k])})) continue;
    return fmt::format("order {}: the gradient gives {}, differences give {}", k / 2 + 1, got, want);
  }
  return "";
}

}  // namespace nnc::test
