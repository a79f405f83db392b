#include "runtime/attribution.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/bind.h"
#include "ir/error.h"
#include "passes/input_gradients.h"
#include "passes/read_averages.h"
#include "passes/training_step.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

using Elements = std::vector<double>;

void append(Elements& to, const Tensor& t) {
  for (int64_t i = 0; i < t.count(); ++i) to.push_back(t.get(i));
}

Elements elements_of(const std::vector<Tensor>& tensors) {
  Elements out;
  for (const Tensor& t : tensors) append(out, t);
  return out;
}

const Graph& evaluation_graph(const Trainer& trainer) {
  if (!trainer.module().spec)
    throw Error(fmt::format("model '{}' has no train block: it has no loss", trainer.module().name));
  return trainer.module().eval;
}

// Of each element: what is given for it, else the range of its input's elements.
Elements ranges_of(const std::vector<Tensor>& inputs, const std::vector<Tensor>& given) {
  if (!given.empty()) return elements_of(given);
  Elements out;
  for (const Tensor& t : inputs) {
    Elements own = elements_of({t});
    double range = own.empty() ? 0 : std::ranges::max(own) - std::ranges::min(own);
    out.insert(out.end(), own.size(), range);
  }
  return out;
}

void check(const AttributionOptions& o) {
  if (o.steps < 1) throw Error(fmt::format("integrated gradients want at least one step, not {}", o.steps));
  if (o.samples < 1) throw Error(fmt::format("smooth-grad wants at least one sample, not {}", o.samples));
  if (!(o.noise >= 0) || std::isinf(o.noise)) throw Error(fmt::format("{} is no share of noise", o.noise));
  if (!std::isfinite(o.baseline)) throw Error(fmt::format("{} is no baseline", o.baseline));
}

}  // namespace

AttributionMethod attribution_method(const std::string& name) {
  for (auto m : {AttributionMethod::GradientXInput, AttributionMethod::IntegratedGradients,
                 AttributionMethod::SmoothGrad}) {
    if (name_of_enum(m) == name) return m;
  }
  throw Error(fmt::format("there is no method '{}'", name),
              {fmt::format("the methods are {}", fmt::join(EnumNames<AttributionMethod>::values, ", "))});
}

Attributor::Attributor(Trainer& trainer, const std::string& output)
    : Attributor(trainer, trainer.module().predict, output) {}

Attributor Attributor::of_loss(Trainer& trainer) { return {trainer, evaluation_graph(trainer), kLossOutput}; }

// Weights that training averages are read as evaluation reads them.
Attributor::Attributor(Trainer& trainer, const Graph& model, const std::string& output)
    : trainer_(trainer), names_(trainer.module().inputs) {
  Graph gradients = input_gradients(model, output, names_);
  graph_ = read_averages(gradients, [&](const std::string& path) { return trainer.state().count(path) > 0; });
}

void Attributor::prepare(const ExplainedSample& sample, int64_t index) {
  std::vector<Tensor> given = sample.inputs;
  given.insert(given.end(), sample.targets.begin(), sample.targets.end());
  std::vector<GivenShape> shapes;
  given_.clear();
  for (NodeId id : graph_.inputs()) {
    const auto& a = graph_.node(id).as<InputAttrs>();
    if (a.name == kExplainSeed) continue;
    if (given_.size() == given.size()) throw Error(fmt::format("the sample has no '{}'", a.name));
    shapes.push_back({fmt::format("'{}'", a.name), a.type, given[given_.size()].shape()});
    given_.push_back(given[given_.size()].cast(a.type.dtype));
  }
  Bindings sizes = bind_symbols(shapes);
  const Type& type = graph_.node(graph_.inputs().back()).as<InputAttrs>().type;
  Tensor seed(type.dtype, evaluate(type.shape, sizes));
  if (index < 0 || index >= seed.count())
    throw Error(fmt::format("there is no element {}: the output has {}", index, seed.count()));
  seed.set(index, 1.0);
  given_.push_back(std::move(seed));
  if (!function_ || sizes != sizes_) function_ = trainer_.engine().prepare(graph_, trainer_.state(), sizes);
  sizes_ = sizes;
}

Attributor::Point Attributor::at(const Elements& x) {
  size_t next = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    for (int64_t e = 0; e < given_[i].count(); ++e) given_[i].set(e, x[next++]);
  }
  InputPointers pointers;
  for (const Tensor& t : given_) pointers.push_back(t.bytes().data());
  function_->run(pointers, sizes_);
  Point out{.value = function_->scalar(0)};
  for (size_t i = 0; i < names_.size(); ++i) {
    Tensor gradient(given_[i].dtype(), given_[i].shape());
    std::copy_n(function_->output(i + 1), gradient.bytes().size(), gradient.bytes().begin());
    append(out.gradient, gradient);
  }
  return out;
}

Attribution Attributor::attribution(double value, const Elements& contributions) const {
  Attribution out{.value = value};
  std::span<const double> rest = contributions;
  for (size_t i = 0; i < names_.size(); ++i) {
    auto count = static_cast<size_t>(given_[i].count());
    out.inputs.push_back({names_[i], Tensor::from(DType::F64, given_[i].shape(), rest.first(count))});
    rest = rest.subspan(count);
  }
  return out;
}

Attribution Attributor::explain(const ExplainedSample& sample, int64_t index, const AttributionOptions& o) {
  check(o);
  prepare(sample, index);
  Elements x = elements_of(sample.inputs);
  if (o.method == AttributionMethod::IntegratedGradients) return integrated_gradients(x, o);
  if (o.method == AttributionMethod::SmoothGrad) return smooth_grad(x, ranges_of(sample.inputs, o.ranges), o);
  Point here = at(x);
  std::ranges::transform(here.gradient, x, here.gradient.begin(), std::multiplies());
  return attribution(here.value, here.gradient);
}

Attribution Attributor::integrated_gradients(const Elements& x, const AttributionOptions& o) {
  Elements way(x.size()), sums(x.size());
  for (int64_t k = 0; k < o.steps; ++k) {
    double share = (static_cast<double>(k) + 0.5) / static_cast<double>(o.steps);
    for (size_t e = 0; e < x.size(); ++e) way[e] = o.baseline + share * (x[e] - o.baseline);
    std::ranges::transform(sums, at(way).gradient, sums.begin(), std::plus());
  }
  for (size_t e = 0; e < x.size(); ++e) sums[e] *= (x[e] - o.baseline) / static_cast<double>(o.steps);
  Attribution out = attribution(at(x).value, sums);
  out.baseline_value = at(Elements(x.size(), o.baseline)).value;
  return out;
}

Attribution Attributor::smooth_grad(const Elements& x, const Elements& ranges, const AttributionOptions& o) {
  Elements noisy(x.size()), sums(x.size());
  for (int64_t s = 0; s < o.samples; ++s) {
    Draws draws("smooth_grad", o.seed, s);
    for (size_t e = 0; e < x.size(); ++e) noisy[e] = x[e] + o.noise * ranges[e] * draws.normal();
    std::ranges::transform(sums, at(noisy).gradient, sums.begin(), std::plus());
  }
  for (double& sum : sums) sum /= static_cast<double>(o.samples);
  return attribution(at(x).value, sums);
}

}  // namespace nnc
