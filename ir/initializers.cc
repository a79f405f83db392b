#include "ir/initializers.h"

#include <cmath>
#include <numbers>

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

// He et al., arXiv:1502.01852; the argument is the negative slope of the activation that follows.
double kaiming_deviation(const InitBuilder& i) {
  return std::sqrt(2 / ((1 + i.args[0] * i.args[0]) * i.fan_in()));
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

constexpr InitArg kValue[] = {{"value", 0, true}};
constexpr InitArg kRange[] = {{"low", 0}, {"high", 1}};
constexpr InitArg kMoments[] = {{"mean", 0}, {"std", 1}};
constexpr InitArg kSlope[] = {{"slope", 0}};
constexpr InitArg kGain[] = {{"gain", 1}};

constexpr InitRow kRows[] = {
    {"zeros", {}, zeros, "0"},
    {"ones", {}, ones, "1"},
    {"constant", kValue, constant, "one value"},
    {"uniform", kRange, uniform, "uniform in [low, high)"},
    {"normal", kMoments, normal, "normal with mean and standard deviation"},
    {"kaiming_uniform", kSlope, kaiming_uniform, "uniform, deviation sqrt(2 / ((1 + slope^2) fan_in))"},
    {"kaiming_normal", kSlope, kaiming_normal, "normal, deviation sqrt(2 / ((1 + slope^2) fan_in))"},
    {"xavier_uniform", kGain, xavier_uniform, "uniform, deviation gain sqrt(2 / (fan_in + fan_out))"},
    {"xavier_normal", kGain, xavier_normal, "normal, deviation gain sqrt(2 / (fan_in + fan_out))"},
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
