#include "ir/optimizers.h"

#include <cassert>
#include <limits>

#include "ir/error.h"

namespace nnc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

DType arithmetic_type(DType stored) { return stored == DType::BF16 ? DType::F32 : stored; }

// torch.optim.SGD. Its momentum buffer starts as the first gradient, undamped; ours starts as zeros, which is
// the same once dampening waits for the second step.
Value sgd(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = u.gradient;
  if (double decay = u.arg("weight_decay"); decay != 0) g = b.add(g, b.mul(u.scalar(decay), u.param));
  if (double momentum = u.arg("momentum"); momentum != 0) {
    Value fresh = g;
    if (double dampening = u.arg("dampening"); dampening != 0) {
      Value first = b.eq(u.step, b.constant(Literal::from_int(DType::I64, 1)));
      fresh = b.mul(b.select(first, u.scalar(1), u.scalar(1 - dampening)), g);
    }
    Value velocity = b.add(b.mul(u.scalar(momentum), u.state("momentum")), fresh);
    u.write("momentum", velocity);
    g = u.arg("nesterov") != 0 ? b.add(g, b.mul(u.scalar(momentum), velocity)) : velocity;
  }
  return b.sub(u.param, b.mul(u.scalar(u.learning_rate), g));
}

// 1 - beta^step in f64: in f32 it would lose half its digits while beta^step is near 1.
Value bias_correction(UpdateBuilder& u, double beta) {
  Builder& b = u.b;
  Value power = b.binary(Op::Pow, b.scalar(DType::F64, beta), b.cast(u.step, DType::F64));
  return b.sub(b.scalar(DType::F64, 1), power);
}

// torch.optim.Adam (Kingma & Ba, arXiv:1412.6980): m and v are running means of g and g^2,
// p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
Value adam(UpdateBuilder& u) {
  Builder& b = u.b;
  double beta1 = u.arg("beta1"), beta2 = u.arg("beta2");
  Value g = u.gradient;
  if (double decay = u.arg("weight_decay"); decay != 0) g = b.add(g, b.mul(u.scalar(decay), u.param));
  Value m = u.state("m"), v = u.state("v");
  m = b.add(m, b.mul(u.scalar(1 - beta1), b.sub(g, m)));
  v = b.add(b.mul(u.scalar(beta2), v), b.mul(u.scalar(1 - beta2), b.mul(g, g)));
  u.write("m", m);
  u.write("v", v);
  Value rate = u.scalar(b.div(u.learning_rate, bias_correction(u, beta1)));
  Value scale = u.scalar(b.div(b.scalar(DType::F64, 1), b.sqrt(bias_correction(u, beta2))));
  Value denominator = b.add(b.mul(b.sqrt(v), scale), u.scalar(u.arg("eps")));
  return b.sub(u.param, b.mul(rate, b.div(m, denominator)));
}

constexpr OptimizerArg kSgdArgs[] = {{"lr", 1e-3, 0, kInf},
                                     {"momentum", 0, 0, kInf},
                                     {"dampening", 0, 0, kInf},
                                     {"weight_decay", 0, 0, kInf},
                                     {"nesterov", 0, 0, 2, true}};
constexpr OptimizerArg kAdamArgs[] = {{"lr", 1e-3, 0, kInf},
                                      {"beta1", 0.9, 0, 1},
                                      {"beta2", 0.999, 0, 1},
                                      {"eps", 1e-8, 0, kInf},
                                      {"weight_decay", 0, 0, kInf}};

constexpr OptimizerRow kRows[] = {
    {"sgd", kSgdArgs, sgd, "gradient descent, with momentum (nesterov, dampening) and weight decay"},
    {"adam", kAdamArgs, adam, "adaptive moments with bias correction"},
};

const OptimizerRow& row_of(const OptimizerSpec& spec) {
  const OptimizerRow* row = find_optimizer(spec.name);
  if (row == nullptr) throw Error("there is no optimizer '" + spec.name + "'");
  return *row;
}

}  // namespace

std::span<const OptimizerRow> all_optimizers() { return kRows; }

const OptimizerRow* find_optimizer(std::string_view name) {
  for (const OptimizerRow& row : kRows) {
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

UpdateBuilder::UpdateBuilder(Builder& builder, Value p, Value g, Value lr, Value t, const OptimizerSpec& spec)
    : b(builder), learning_rate(lr), step(t), spec_(spec) {
  assert(b.graph().node(p).op == Op::Param);
  DType arithmetic = arithmetic_type(b.dtype(p));
  param = b.cast(p, arithmetic);
  gradient = b.cast(g, arithmetic);
  prefix_ = b.graph().node(p).as<ParamAttrs>().path + "." + spec.name + ".";
}

double UpdateBuilder::arg(std::string_view name) const { return optimizer_arg(spec_, name); }
Value UpdateBuilder::scalar(double value) const { return b.scalar(b.dtype(param), value); }
Value UpdateBuilder::scalar(Value value) const { return b.cast(value, b.dtype(param)); }
Value UpdateBuilder::state(const std::string& name) { return b.param(path_of(name), b.type(param), false); }
void UpdateBuilder::write(const std::string& name, Value value) {
  writes_.emplace_back(path_of(name), value);
}

Update apply_optimizer(Builder& b, const OptimizerSpec& spec, Value param, Value gradient,
                       Value learning_rate, Value step) {
  DType stored = b.dtype(param);
  UpdateBuilder u(b, param, gradient, learning_rate, step, spec);
  Value updated = row_of(spec).update(u);
  return {b.cast(updated, stored), u.writes()};
}

}  // namespace nnc
