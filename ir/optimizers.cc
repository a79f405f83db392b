// What all optimizers share: finding rows and arguments, and the state and arithmetic an update sees.
#include "ir/optimizers.h"

#include <cassert>
#include <limits>

#include "ir/error.h"

namespace nnc {
namespace {

DType arithmetic_type(DType stored) { return stored == DType::BF16 ? DType::F32 : stored; }

const OptimizerRow& row_of(const OptimizerSpec& spec) {
  const OptimizerRow* row = find_optimizer(spec.name);
  if (row == nullptr) throw Error("there is no optimizer '" + spec.name + "'");
  return *row;
}

}  // namespace

const OptimizerRow* find_optimizer(std::string_view name) {
  for (const OptimizerRow& row : all_optimizers()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

double optimizer_arg(const OptimizerSpec& spec, std::string_view name) {
  if (auto it = spec.args.find(std::string(name)); it != spec.args.end()) return it->second;
  for (const OptimizerArg& arg : row_of(spec).args) {
    if (arg.name == name) return arg.fallback;
  }
  throw Error(spec.name + " has no argument '" + std::string(name) + "'");
}

std::optional<std::string> optimizer_fault(const OptimizerSpec& spec) {
  const OptimizerRow& row = row_of(spec);
  const char* fault = row.check ? row.check(spec) : nullptr;
  return fault ? std::optional<std::string>(fault) : std::nullopt;
}

UpdateBuilder::UpdateBuilder(Builder& builder, Value p, Value g, Value lr, Value t, const OptimizerSpec& spec)
    : b(builder), learning_rate(lr), step(t), spec_(spec) {
  assert(b.graph().node(p).op == Op::Param);
  DType arithmetic = arithmetic_type(b.dtype(p));
  param = b.cast(p, arithmetic);
  gradient = b.cast(g, arithmetic);
  path_ = b.graph().node(p).as<ParamAttrs>().path;
}

double UpdateBuilder::arg(std::string_view name) const { return optimizer_arg(spec_, name); }
Value UpdateBuilder::scalar(double value) const { return b.scalar(b.dtype(param), value); }
Value UpdateBuilder::scalar(Value value) const { return b.cast(value, b.dtype(param)); }

std::string UpdateBuilder::path_of(const std::string& owner, const std::string& name) const {
  return owner + "." + spec_.name + "." + name;
}
Value UpdateBuilder::state(const std::string& name) {
  return b.param(path_of(path_, name), b.type(param), false);
}
double UpdateBuilder::smallest_normal() const {
  return b.dtype(param) == DType::F64 ? std::numeric_limits<double>::min()
                                      : std::numeric_limits<float>::min();
}
// A moment that decays without new gradients would stay among the denormal numbers for ever, where rounding holds it
// and where many processors take a hundred times as long: below the smallest normal number it is zero.
void UpdateBuilder::write(const std::string& name, Value value) {
  Value vanished = b.lt(b.unary(Op::Abs, value), scalar(smallest_normal()));
  Value zeros = b.broadcast_to(scalar(0), b.shape(value));
  write_normal(name, b.select(vanished, zeros, value));
}
void UpdateBuilder::write_normal(const std::string& name, Value value) {
  writes_.emplace_back(path_of(path_, name), value);
}
Value UpdateBuilder::shared_state(const std::string& name) {
  return b.param(path_of("train", name), {DType::F64, {}}, false);
}
void UpdateBuilder::write_shared(const std::string& name, Value value) {
  writes_.emplace_back(path_of("train", name), value);
}

Update apply_optimizer(Builder& b, const OptimizerSpec& spec, Value param, Value gradient,
                       Value learning_rate, Value step) {
  if (auto fault = optimizer_fault(spec)) throw Error(*fault);
  DType stored = b.dtype(param);
  UpdateBuilder u(b, param, gradient, learning_rate, step, spec);
  Value updated = row_of(spec).update(u);
  return {b.cast(updated, stored), u.writes()};
}

}  // namespace nnc
