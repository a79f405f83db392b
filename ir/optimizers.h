// Optimizers as a table of rows: arguments with their ranges, and a function that builds one parameter's
// update from primitives. The training-step pass calls apply_optimizer once per trainable param:
//
//   Update u = apply_optimizer(b, spec, param, gradient, learning_rate, step);
//   outputs += state write (path of param, u.param) and (path, value) for every entry of u.state
//
// State lives in non-trainable params "<param path>.<optimizer>.<name>", or "train.<optimizer>.<name>" for what all
// parameters share; a state param that the init graph does not write starts as zeros. The rows and their update
// functions are in optimizer_rows.cc.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/builder.h"

namespace nnc {

/// What a model file asks for: `sgd(lr = 0.1, momentum = 0.9)`. Arguments not given take the row's defaults.
struct OptimizerSpec {
  std::string name = "sgd";
  std::map<std::string, double> args;
  bool operator==(const OptimizerSpec&) const = default;
};

/// A number in [low, high), or [low, inf) where high is infinite. A flag is written true or false.
struct OptimizerArg {
  std::string_view name;
  double fallback;
  double low, high;
  bool flag = false;
};

/// New values: of the parameter (its own type), and of each state param by its full path.
struct Update {
  Value param;
  std::vector<std::pair<std::string, Value>> state;
};

/// Everything an update function sees. Arithmetic is in the parameter's type (f32 for bf16 storage).
class UpdateBuilder {
 public:
  UpdateBuilder(Builder& b, Value param, Value gradient, Value learning_rate, Value step,
                const OptimizerSpec& spec);

  Builder& b;
  Value param, gradient;      // of the arithmetic's type
  Value learning_rate, step;  // f64[], i64[]: 1 on the first step

  double arg(std::string_view name) const;
  /// `value` of the arithmetic's type, from a number or an f64[] value.
  Value scalar(double value) const;
  Value scalar(Value value) const;
  /// State of the param's shape as it was before this step, by its short name.
  Value state(const std::string& name);
  /// Its next value; numbers below the smallest normal one of the type become zero.
  void write(const std::string& name, Value value);
  /// The same of a value that is never below that, unless it is zero.
  void write_normal(const std::string& name, Value value);
  /// Of the arithmetic's type.
  double smallest_normal() const;
  /// An f64[] that all parameters share: each writes the same next value.
  Value shared_state(const std::string& name);
  void write_shared(const std::string& name, Value value);

  const std::vector<std::pair<std::string, Value>>& writes() const { return writes_; }

 private:
  std::string path_of(const std::string& owner, const std::string& name) const;
  const OptimizerSpec& spec_;
  std::string path_;  // of the param
  std::vector<std::pair<std::string, Value>> writes_;
};

struct OptimizerRow {
  std::string_view name;
  std::span<const OptimizerArg> args;
  Value (*update)(UpdateBuilder&);  // the new parameter; state through write()
  std::string_view doc;
  const char* (*check)(const OptimizerSpec&) = nullptr;  // what is wrong with arguments together, or null
};

std::span<const OptimizerRow> all_optimizers();
/// Null when there is none of that name.
const OptimizerRow* find_optimizer(std::string_view name);
/// The argument as given, or its default. The optimizer and the argument must exist.
double optimizer_arg(const OptimizerSpec& spec, std::string_view arg);
/// What is wrong with arguments that are each in their range. The optimizer must exist.
std::optional<std::string> optimizer_fault(const OptimizerSpec& spec);

/// `param` is a param node; `gradient` has its shape; `learning_rate` is f64[], `step` i64[] counting from 1.
/// Throws Error for an optimizer that does not exist, or whose arguments do not go together.
Update apply_optimizer(Builder& b, const OptimizerSpec& spec, Value param, Value gradient,
                       Value learning_rate, Value step);

}  // namespace nnc
