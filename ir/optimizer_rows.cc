// The optimizers: one update function and one row each. Definitions and defaults are those of torch.optim where it
// has the optimizer. Constants that depend on the step alone are f64 scalars, cast where they meet the parameter.
#include <cmath>
#include <limits>

#include "ir/optimizers.h"

namespace nnc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Value one(Builder& b) { return b.scalar(DType::F64, 1); }

Value is_first(UpdateBuilder& u) { return u.b.eq(u.step, u.b.constant(Literal::from_int(DType::I64, 1))); }

// L2: the gradient of decay / 2 * |p|^2 joins the loss's.
Value decayed_gradient(UpdateBuilder& u) {
  double decay = u.arg("weight_decay");
  return decay == 0 ? u.gradient : u.b.add(u.gradient, u.b.mul(u.scalar(decay), u.param));
}

// Decoupled decay (Loshchilov & Hutter, arXiv:1711.05101): the parameter shrinks by itself, past the moments.
Value shrunk_param(UpdateBuilder& u) {
  Builder& b = u.b;
  double decay = u.arg("weight_decay");
  if (decay == 0) return u.param;
  return b.mul(u.scalar(b.sub(one(b), b.mul(u.learning_rate, b.scalar(DType::F64, decay)))), u.param);
}

// rate * average + (1 - rate) * value, kept as the state `name`.
Value running_mean(UpdateBuilder& u, const std::string& name, double rate, Value value) {
  Builder& b = u.b;
  Value mean = b.add(b.mul(u.scalar(rate), u.state(name)), b.mul(u.scalar(1 - rate), value));
  u.write(name, mean);
  return mean;
}

Value square(Builder& b, Value x) { return b.mul(x, x); }

// The same of x^2, whose products would be denormal, and slow, wherever x is small but not zero: no square counts as
// less than keeps the mean normal, which is far below what any eps adds to its root.
Value running_square(UpdateBuilder& u, const std::string& name, double rate, Value x) {
  Builder& b = u.b;
  Value size = b.max(b.unary(Op::Abs, x), u.scalar(std::sqrt(2 * u.smallest_normal() / (1 - rate))));
  Value mean = b.add(b.mul(u.scalar(rate), u.state(name)), b.mul(u.scalar(1 - rate), square(b, size)));
  u.write_normal(name, mean);
  return mean;
}

// Its momentum buffer starts as the first gradient, undamped, in PyTorch; ours starts as zeros, which is the same
// once dampening waits for the second step.
Value sgd(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u);
  if (double momentum = u.arg("momentum"); momentum != 0) {
    Value fresh = g;
    if (double dampening = u.arg("dampening"); dampening != 0)
      fresh = b.mul(b.select(is_first(u), u.scalar(1), u.scalar(1 - dampening)), g);
    Value velocity = b.add(b.mul(u.scalar(momentum), u.state("momentum")), fresh);
    u.write("momentum", velocity);
    g = u.arg("nesterov") != 0 ? b.add(g, b.mul(u.scalar(momentum), velocity)) : velocity;
  }
  return b.sub(u.param, b.mul(u.scalar(u.learning_rate), g));
}

const char* check_sgd(const OptimizerSpec& spec) {
  bool sound = optimizer_arg(spec, "nesterov") == 0 ||
               (optimizer_arg(spec, "momentum") > 0 && optimizer_arg(spec, "dampening") == 0);
  return sound ? nullptr : "sgd's 'nesterov' needs a momentum above 0 and no dampening";
}

// Tieleman & Hinton; centred as in Graves, arXiv:1308.0850. Rounding can bring the centred variance below zero,
// where PyTorch gives NaN; here it ends at zero.
Value rmsprop(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u);
  double alpha = u.arg("alpha");
  Value variance = running_square(u, "v", alpha, g);
  if (u.arg("centered") != 0) {
    Value mean = running_mean(u, "g", alpha, g);
    variance = b.max(b.sub(variance, square(b, mean)), u.scalar(0));
  }
  Value direction = b.div(g, b.add(b.sqrt(variance), u.scalar(u.arg("eps"))));
  if (double momentum = u.arg("momentum"); momentum != 0) {
    direction = b.add(b.mul(u.scalar(momentum), u.state("momentum")), direction);
    u.write("momentum", direction);
  }
  return b.sub(u.param, b.mul(u.scalar(u.learning_rate), direction));
}

// Duchi, Hazan & Singer, JMLR 12 (2011).
Value adagrad(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u);
  Value sum = u.state("sum");
  if (double start = u.arg("initial_accumulator"); start != 0)
    sum = b.select(b.broadcast_to(is_first(u), b.shape(sum)), b.broadcast_to(u.scalar(start), b.shape(sum)),
                   sum);
  sum = b.add(sum, square(b, g));
  u.write("sum", sum);
  Value before = b.cast(b.sub(u.step, b.constant(Literal::from_int(DType::I64, 1))), DType::F64);
  Value slowing = b.add(one(b), b.mul(b.scalar(DType::F64, u.arg("lr_decay")), before));
  Value rate = u.scalar(b.div(u.learning_rate, slowing));
  return b.sub(u.param, b.mul(rate, b.div(g, b.add(b.sqrt(sum), u.scalar(u.arg("eps"))))));
}

// Zeiler, arXiv:1212.5701: steps of the size that past steps had.
Value adadelta(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u), eps = u.scalar(u.arg("eps"));
  double rho = u.arg("rho");
  Value variance = running_square(u, "v", rho, g);
  Value past = b.sqrt(b.add(u.state("delta"), eps));
  Value delta = b.mul(b.div(past, b.sqrt(b.add(variance, eps))), g);
  running_square(u, "delta", rho, delta);
  return b.sub(u.param, b.mul(u.scalar(u.learning_rate), delta));
}

// 1 - beta^step in f64: in f32 it would lose half its digits while beta^step is near 1.
Value bias_correction(UpdateBuilder& u, double beta) {
  Builder& b = u.b;
  Value power = b.binary(Op::Pow, b.scalar(DType::F64, beta), b.cast(u.step, DType::F64));
  return b.sub(one(b), power);
}

// The running mean of g, written so that it is exact where it equals g already.
Value first_moment(UpdateBuilder& u, Value g) {
  Builder& b = u.b;
  Value m = u.state("m");
  m = b.add(m, b.mul(u.scalar(1 - u.arg("beta1")), b.sub(g, m)));
  u.write("m", m);
  return m;
}

// Kingma & Ba, arXiv:1412.6980: m and v are running means of g and g^2,
// p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps). AMSGrad (Reddi et al., arXiv:1904.09237) divides by
// the largest v there was.
Value adam_from(UpdateBuilder& u, Value param, Value g) {
  Builder& b = u.b;
  Value m = first_moment(u, g);
  Value v = running_square(u, "v", u.arg("beta2"), g);
  if (u.arg("amsgrad") != 0) {
    v = b.max(u.state("v_max"), v);
    u.write("v_max", v);
  }
  Value rate = u.scalar(b.div(u.learning_rate, bias_correction(u, u.arg("beta1"))));
  Value scale = u.scalar(b.div(one(b), b.sqrt(bias_correction(u, u.arg("beta2")))));
  Value denominator = b.add(b.mul(b.sqrt(v), scale), u.scalar(u.arg("eps")));
  return b.sub(param, b.mul(rate, b.div(m, denominator)));
}

Value adam(UpdateBuilder& u) { return adam_from(u, u.param, decayed_gradient(u)); }

Value adamw(UpdateBuilder& u) { return adam_from(u, shrunk_param(u), u.gradient); }

// Adam under the infinity norm (section 7 of arXiv:1412.6980): u = max(b2 u, |g| + eps).
Value adamax(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u);
  Value m = first_moment(u, g);
  Value size = b.add(b.unary(Op::Abs, g), u.scalar(u.arg("eps")));
  Value norm = b.max(b.mul(u.scalar(u.arg("beta2")), u.state("u")), size);
  u.write("u", norm);
  Value rate = u.scalar(b.div(u.learning_rate, bias_correction(u, u.arg("beta1"))));
  return b.sub(u.param, b.mul(rate, b.div(m, norm)));
}

// mu_t = b1 (1 - 0.96^(t psi) / 2), the momentum of step t.
Value nadam_momentum(UpdateBuilder& u, Value step) {
  Builder& b = u.b;
  auto number = [&](double x) { return b.scalar(DType::F64, x); };
  Value exponent = b.mul(step, number(u.arg("momentum_decay")));
  Value fading = b.mul(number(0.5), b.binary(Op::Pow, number(0.96), exponent));
  return b.mul(number(u.arg("beta1")), b.sub(one(b), fading));
}

// Dozat 2016: Adam with Nesterov's momentum on a schedule. The product of all mu so far is one number for all
// parameters.
Value nadam(UpdateBuilder& u) {
  Builder& b = u.b;
  Value g = decayed_gradient(u), step = b.cast(u.step, DType::F64);
  Value mu = nadam_momentum(u, step), next_mu = nadam_momentum(u, b.add(step, one(b)));
  Value product = b.mul(b.select(is_first(u), one(b), u.shared_state("mu_product")), mu);
  u.write_shared("mu_product", product);
  Value m = first_moment(u, g);
  Value v = running_square(u, "v", u.arg("beta2"), g);
  Value correction = u.scalar(b.div(one(b), bias_correction(u, u.arg("beta2"))));
  Value denominator = b.add(b.sqrt(b.mul(v, correction)), u.scalar(u.arg("eps")));
  Value now = b.div(b.mul(u.learning_rate, b.sub(one(b), mu)), b.sub(one(b), product));
  Value ahead = b.div(b.mul(u.learning_rate, next_mu), b.sub(one(b), b.mul(product, next_mu)));
  Value step_size = b.add(b.mul(u.scalar(now), g), b.mul(u.scalar(ahead), m));
  return b.sub(u.param, b.div(step_size, denominator));
}

// -1, 0 or 1; a NaN stays one.
Value sign(UpdateBuilder& u, Value x) {
  Builder& b = u.b;
  Value negative = b.select(b.lt(x, u.scalar(0)), b.broadcast_to(u.scalar(-1), b.shape(x)), x);
  return b.select(b.lt(u.scalar(0), x), b.broadcast_to(u.scalar(1), b.shape(x)), negative);
}

// Chen et al., arXiv:2302.06675, algorithm 2: the sign of one mean decides the step, a slower one is kept.
Value lion(UpdateBuilder& u) {
  Builder& b = u.b;
  double beta1 = u.arg("beta1");
  Value mixed = b.add(b.mul(u.scalar(beta1), u.state("m")), b.mul(u.scalar(1 - beta1), u.gradient));
  running_mean(u, "m", u.arg("beta2"), u.gradient);
  return b.sub(shrunk_param(u), b.mul(u.scalar(u.learning_rate), sign(u, mixed)));
}

constexpr OptimizerArg kSgd[] = {{"lr", 1e-3, 0, kInf},
                                 {"momentum", 0, 0, kInf},
                                 {"dampening", 0, 0, kInf},
                                 {"weight_decay", 0, 0, kInf},
                                 {"nesterov", 0, 0, 2, true}};
constexpr OptimizerArg kRmsprop[] = {{"lr", 1e-2, 0, kInf},    {"alpha", 0.99, 0, 1},
                                     {"eps", 1e-8, 0, kInf},   {"weight_decay", 0, 0, kInf},
                                     {"momentum", 0, 0, kInf}, {"centered", 0, 0, 2, true}};
constexpr OptimizerArg kAdagrad[] = {{"lr", 1e-2, 0, kInf},
                                     {"lr_decay", 0, 0, kInf},
                                     {"weight_decay", 0, 0, kInf},
                                     {"initial_accumulator", 0, 0, kInf},
                                     {"eps", 1e-10, 0, kInf}};
constexpr OptimizerArg kAdadelta[] = {
    {"lr", 1, 0, kInf}, {"rho", 0.9, 0, 1}, {"eps", 1e-6, 0, kInf}, {"weight_decay", 0, 0, kInf}};
constexpr OptimizerArg kAdam[] = {{"lr", 1e-3, 0, kInf},        {"beta1", 0.9, 0, 1},
                                  {"beta2", 0.999, 0, 1},       {"eps", 1e-8, 0, kInf},
                                  {"weight_decay", 0, 0, kInf}, {"amsgrad", 0, 0, 2, true}};
constexpr OptimizerArg kAdamw[] = {{"lr", 1e-3, 0, kInf},           {"beta1", 0.9, 0, 1},
                                   {"beta2", 0.999, 0, 1},          {"eps", 1e-8, 0, kInf},
                                   {"weight_decay", 1e-2, 0, kInf}, {"amsgrad", 0, 0, 2, true}};
constexpr OptimizerArg kAdamax[] = {{"lr", 2e-3, 0, kInf},
                                    {"beta1", 0.9, 0, 1},
                                    {"beta2", 0.999, 0, 1},
                                    {"eps", 1e-8, 0, kInf},
                                    {"weight_decay", 0, 0, kInf}};
constexpr OptimizerArg kNadam[] = {{"lr", 2e-3, 0, kInf},        {"beta1", 0.9, 0, 1},
                                   {"beta2", 0.999, 0, 1},       {"eps", 1e-8, 0, kInf},
                                   {"weight_decay", 0, 0, kInf}, {"momentum_decay", 4e-3, 0, kInf}};
constexpr OptimizerArg kLion[] = {
    {"lr", 1e-4, 0, kInf}, {"beta1", 0.9, 0, 1}, {"beta2", 0.99, 0, 1}, {"weight_decay", 0, 0, kInf}};

constexpr OptimizerRow kRows[] = {
    {"sgd", kSgd, sgd, "gradient descent, with momentum, Nesterov's or not", check_sgd},
    {"rmsprop", kRmsprop, rmsprop, "steps divided by a running root mean square of the gradient"},
    {"adagrad", kAdagrad, adagrad, "steps divided by the root of the sum of all squared gradients"},
    {"adadelta", kAdadelta, adadelta, "steps of the running size of past steps"},
    {"adam", kAdam, adam, "adaptive moments with bias correction"},
    {"adamw", kAdamw, adamw, "adam with decoupled weight decay"},
    {"adamax", kAdamax, adamax, "adam under the infinity norm"},
    {"nadam", kNadam, nadam, "adam with Nesterov's momentum"},
    {"lion", kLion, lion, "the sign of an interpolated momentum, with decoupled weight decay"},
};

}  // namespace

std::span<const OptimizerRow> all_optimizers() { return kRows; }

}  // namespace nnc
