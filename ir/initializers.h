// Initial values of parameters, as graphs of primitives over `random`: one row and one function each. The
// numbers depend on the seed and the parameter's path alone, so that adding a layer changes no other layer's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/builder.h"

namespace nnc {

/// A row's name with all its arguments: {"normal", {0, 0.02}}.
struct Init {
  std::string name;
  std::vector<double> args;
  bool operator==(const Init&) const = default;
};

/// A number; or one of `choices`, where it has any, by its index.
struct InitArg {
  std::string_view name;
  double fallback;
  bool required = false;
  std::span<const std::string_view> choices = {};
};

/// What a row's function sees. Arithmetic is in the parameter's type (f32 for anything but f64).
struct InitBuilder {
  Builder& b;
  Type type;
  std::string key;
  Value seed;  // i64[]
  const std::vector<double>& args;

  /// Uniform in [0, 1); streams are independent of each other.
  Value uniform01(int64_t stream) const;
  Value scalar(double value) const { return b.scalar(type.dtype, value); }
  /// Inputs and outputs per unit of a weight [out, in, kernel…]. Throws Error below rank 2.
  double fan_in() const;
  double fan_out() const;
};

struct InitRow {
  std::string_view name;
  std::span<const InitArg> args;
  Value (*build)(const InitBuilder&);
  std::string_view doc;
};

std::span<const InitRow> all_initializers();
const InitRow* find_initializer(std::string_view name);

/// A value of `type` for the parameter `path`. `init` has as many arguments as its row.
Value initial_value(Builder& b, const Init& init, const Type& type, const std::string& path, Value seed);

Init uniform_init(double low, double high);
Init constant_init(double value);

}  // namespace nnc
