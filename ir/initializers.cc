#include "ir/initializers.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

Value uniform_between(const InitBuilder& i, double low, double high) {
  return i.b.add(i.scalar(low), i.b.mul(i.uniform01(0), i.scalar(high - low)));
}

// Box-Muller: the radius takes 1 - u, which is in (0, 1], so its logarithm is finite.
Value normal_with(const InitBuilder& i, double mean, double deviation) {
  Builder& b = i.b;
  Value radius = b.sqrt(b.mul(i.scalar(-2), b.log(b.sub(i.scalar(1), i.uniform01(0)))));
  Value angle = b.mul(i.scalar(2 * std::numbers::pi), i.uniform01(1));
  Value standard = b.mul(radius, b.unary(Op::Cos, angle));
  return b.add(i.scalar(mean), b.mul(i.scalar(deviation), standard));
}

Value constant(const InitBuilder& i) { return i.b.full(i.type.dtype, i.type.shape, i.args[0]); }
Value zeros(const InitBuilder& i) { return i.b.full(i.type.dtype, i.type.shape, 0); }
Value ones(const InitBuilder& i) { return i.b.full(i.type.dtype, i.type.shape, 1); }
Value uniform(const InitBuilder& i) { return uniform_between(i, i.args[0], i.args[1]); }
Value normal(const InitBuilder& i) { return normal_with(i, i.args[0], i.args[1]); }

// The normal distribution function.
double normal_cdf(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

// The y with erf(y) = x, for x in (-1, 1) and f64: Winitzki's formula, good to 2e-3, and two of Halley's steps.
Value inverse_erf(Builder& b, Value x) {
  auto number = [&](double v) { return b.scalar(DType::F64, v); };
  constexpr double a = 0.147;
  Value log = b.log(b.sub(number(1), b.mul(x, x)));
  Value t = b.add(number(2 / (std::numbers::pi * a)), b.mul(number(0.5), log));
  Value size = b.sqrt(b.sub(b.sqrt(b.sub(b.mul(t, t), b.div(log, number(a)))), t));
  Value y = b.select(b.lt(x, number(0)), b.neg(size), size);
  for (int step = 0; step < 2; ++step) {
    Value slope = b.mul(number(2 / std::sqrt(std::numbers::pi)), b.exp(b.neg(b.mul(y, y))));
    Value newton = b.div(b.sub(b.unary(Op::Erf, y), x), slope);
    y = b.sub(y, b.div(newton, b.add(number(1), b.mul(y, newton))));
  }
  return y;
}

// By inversion: uniform between the probabilities of the bounds, and back.
Value truncated_normal(const InitBuilder& i) {
  Builder& b = i.b;
  double mean = i.args[0], deviation = i.args[1], low = i.args[2], high = i.args[3];
  if (!(deviation > 0) || !(low < high))
    throw Error(fmt::format("truncated_normal needs std above 0 and low below high, not {}, {} and {}",
                            deviation, low, high));
  double from = normal_cdf((low - mean) / deviation), to = normal_cdf((high - mean) / deviation);
  if (!(from < to))
    throw Error(fmt::format("truncated_normal has no chance to fall between {} and {}", low, high));
  auto number = [&](double v) { return b.scalar(DType::F64, v); };
  Value u = b.add(number(from), b.mul(number(to - from), b.cast(i.uniform01(0), DType::F64)));
  constexpr double kNearest = 1 - 0x1p-50;
  Value x = b.sub(b.mul(number(2), u), number(1));
  Value y = inverse_erf(b, b.max(b.min(x, number(kNearest)), number(-kNearest)));
  Value out = b.add(number(mean), b.mul(number(deviation * std::numbers::sqrt2), y));
  return b.cast(b.max(b.min(out, number(high)), number(low)), i.type.dtype);
}

// As torch.nn.init.calculate_gain; `slope` is of leaky_relu.
enum Nonlinearity : uint8_t { kLinearMap, kSigmoid, kTanh, kRelu, kLeakyRelu, kSelu };
constexpr std::string_view kNonlinearities[] = {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"};
constexpr std::string_view kModes[] = {"fan_in", "fan_out"};

double gain_of(Nonlinearity function, double slope) {
  switch (function) {
    case kLinearMap:
    case kSigmoid:
      return 1;
    case kTanh:
      return 5.0 / 3;
    case kRelu:
      return std::numbers::sqrt2;
    case kLeakyRelu:
      return std::sqrt(2 / (1 + slope * slope));
    case kSelu:
      return 0.75;
  }
  return 1;
}

// He et al., arXiv:1502.01852: the arguments are slope, mode and what follows.
double kaiming_deviation(const InitBuilder& i) {
  double gain = gain_of(static_cast<Nonlinearity>(static_cast<int>(i.args[2])), i.args[0]);
  return gain / std::sqrt(i.args[1] == 0 ? i.fan_in() : i.fan_out());
}
// Glorot & Bengio 2010; the argument is a gain.
double xavier_deviation(const InitBuilder& i) {
  return i.args[0] * std::sqrt(2 / (i.fan_in() + i.fan_out()));
}

// A uniform distribution of deviation s reaches sqrt(3) s to both sides.
Value uniform_of(const InitBuilder& i, double deviation) {
  double bound = std::numbers::sqrt3 * deviation;
  return uniform_between(i, -bound, bound);
}

Value kaiming_uniform(const InitBuilder& i) { return uniform_of(i, kaiming_deviation(i)); }
Value kaiming_normal(const InitBuilder& i) { return normal_with(i, 0, kaiming_deviation(i)); }
Value xavier_uniform(const InitBuilder& i) { return uniform_of(i, xavier_deviation(i)); }
Value xavier_normal(const InitBuilder& i) { return normal_with(i, 0, xavier_deviation(i)); }

// v, a row or several, less its projection on the rows of q: v - (v qᵀ) q.
Value without_rows(Builder& b, Value q, Value v) {
  int64_t last = b.type(v).rank() - 1;
  return b.sub(v, b.contract(b.contract(v, q, last, 1), q, last, 0));
}

// One step of Gram and Schmidt, done twice so that rounding leaves nothing behind: row `index` of q becomes what of v
// is orthogonal to the rows before.
std::shared_ptr<Graph> orthogonal_step(const Type& type) {
  auto body = std::make_shared<Graph>("row");
  Builder b(*body);
  Value q = b.input("q", type), index = b.input("index", {DType::I64, {}});
  Value v = b.input("v", {type.dtype, {type.shape[1]}});
  v = without_rows(b, q, without_rows(b, q, v));
  Value unit = b.div(v, b.sqrt(b.reduce_add(b.mul(v, v), {0})));
  Value here = b.eq(b.iota({DType::I64, type.shape}, 0), index);
  body->add_output({"q", b.select(here, b.broadcast(unit, type.shape, {1}), q)});
  return body;
}

Value orthonormal_panel(Builder& b, Value v) {
  Type type = b.type(v);
  ScanAttrs attrs{1, 2, type.shape[0], false, {orthogonal_step(type)}};
  Value empty = b.full(type.dtype, type.shape, 0), index = b.iota({DType::I64, {type.shape[0]}}, 0);
  return b.scan(attrs, {empty, index, v})[0];
}

// The rows of v made orthonormal in order, a panel at a time: what a step writes is no larger than that, and the rows
// before a panel are taken out of it by products of matrices, twice as well.
Value orthonormal_rows(Builder& b, Value v) {
  constexpr int64_t kPanel = 32;
  int64_t rows = b.type(v).shape[0].value();
  std::vector<Value> done;
  for (int64_t row = 0; row < rows; row += kPanel) {
    Value panel = b.slice_axis(v, 0, row, std::min(kPanel, rows - row));
    if (row > 0) {
      Value before = b.concat(done, 0);
      panel = without_rows(b, before, orthonormal_panel(b, without_rows(b, before, panel)));
    }
    done.push_back(orthonormal_panel(b, panel));
  }
  return b.concat(done, 0);
}

// Saxe et al., arXiv:1312.6120: rows (or columns, whichever are fewer) of a normal matrix made orthonormal, which
// is uniform over all such matrices. Axes behind the first count as one.
Value orthogonal(const InitBuilder& i) {
  Builder& b = i.b;
  if (i.type.rank() < 2) throw Error("this initialiser needs a weight [out, in, …], not " + i.type.str());
  Dim out = i.type.shape[0], in = element_count({i.type.shape.begin() + 1, i.type.shape.end()});
  bool tall = out.value() > in.value();
  Type type{DType::F64, tall ? Shape{in, out} : Shape{out, in}};
  Value q = orthonormal_rows(b, b.cast(b.reshape(normal_with(i, 0, 1), type.shape), type.dtype));
  if (tall) q = b.permute(q, {1, 0});
  return b.cast(b.mul(b.scalar(DType::F64, i.args[0]), b.reshape(q, i.type.shape)), i.type.dtype);
}

Value identity(const InitBuilder& i) {
  Builder& b = i.b;
  if (i.type.rank() != 2) throw Error("identity needs a matrix, not " + i.type.str());
  Type index{DType::I32, i.type.shape};
  return b.cast(b.eq(b.iota(index, 0), b.iota(index, 1)), i.type.dtype);
}

constexpr InitArg kValue[] = {{"value", 0, true}};
constexpr InitArg kRange[] = {{"low", 0}, {"high", 1}};
constexpr InitArg kMoments[] = {{"mean", 0}, {"std", 1}};
constexpr InitArg kTruncated[] = {{"mean", 0}, {"std", 1}, {"low", -2}, {"high", 2}};
constexpr InitArg kKaiming[] = {
    {"slope", 0}, {"mode", 0, false, kModes}, {"nonlinearity", kLeakyRelu, false, kNonlinearities}};
constexpr InitArg kGain[] = {{"gain", 1}};

constexpr InitRow kRows[] = {
    {"zeros", {}, zeros, "0"},
    {"ones", {}, ones, "1"},
    {"constant", kValue, constant, "one value"},
    {"uniform", kRange, uniform, "uniform in [low, high)"},
    {"normal", kMoments, normal, "normal with mean and standard deviation"},
    {"truncated_normal", kTruncated, truncated_normal, "normal, of what falls into [low, high]"},
    {"kaiming_uniform", kKaiming, kaiming_uniform, "uniform, deviation gain / sqrt(fan)"},
    {"kaiming_normal", kKaiming, kaiming_normal, "normal, deviation gain / sqrt(fan)"},
    {"xavier_uniform", kGain, xavier_uniform, "uniform, deviation gain sqrt(2 / (fan_in + fan_out))"},
    {"xavier_normal", kGain, xavier_normal, "normal, deviation gain sqrt(2 / (fan_in + fan_out))"},
    {"orthogonal", kGain, orthogonal, "gain times a random matrix of orthonormal rows or columns"},
    {"identity", {}, identity, "1 on the diagonal, else 0"},
};

// Product of the extents from axis 2 on, times the extent of `axis`.
double fan(const Type& type, int64_t axis) {
  if (type.rank() < 2) throw Error("this initialiser needs a weight [out, in, …], not " + type.str());
  Dim product = type.shape[axis];
  for (int64_t i = 2; i < type.rank(); ++i) product = product * type.shape[i];
  return static_cast<double>(product.value());
}

}  // namespace

Value InitBuilder::uniform01(int64_t stream) const {
  return b.random(key, type, seed, b.constant(Literal::from_int(DType::I64, stream)));
}
double InitBuilder::fan_in() const { return fan(type, 1); }
double InitBuilder::fan_out() const { return fan(type, 0); }

std::span<const InitRow> all_initializers() { return kRows; }

const InitRow* find_initializer(std::string_view name) {
  for (const InitRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Value initial_value(Builder& b, const Init& init, const Type& type, const std::string& path, Value seed) {
  const InitRow* row = find_initializer(init.name);
  if (row == nullptr) throw Error("there is no initialiser '" + init.name + "'");
  if (init.args.size() != row->args.size()) throw Error(init.name + " has another number of arguments");
  Type arithmetic{type.dtype == DType::F64 ? DType::F64 : DType::F32, type.shape};
  return b.cast(row->build(InitBuilder{b, arithmetic, path, seed, init.args}), type.dtype);
}

Init uniform_init(double low, double high) { return {"uniform", {low, high}}; }
Init constant_init(double value) { return {"constant", {value}}; }

}  // namespace nnc
