// What a model file means: graphs over one set of parameters, and how to train them. Elaboration runs the
// model once per mode, so that dropout and batch_norm are plain nodes of the graph in question.
//
//   train    model inputs, targets -> "loss", what the metrics are made of (ir/measures.h), model outputs; training
//            mode; state writes of statistics
//   eval     the same in evaluation mode, without state writes
//   predict  model inputs -> model outputs, evaluation mode
//   init     "seed" i64[] -> a state write per parameter that has an initialiser; the others start as zeros
//
// The training-step pass makes the step from `train`; both it and dropout read the counter "train.step"
// (ir/net.h).
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ir/ast.h"
#include "ir/diagnostics.h"
#include "ir/graph.h"
#include "ir/measures.h"
#include "ir/update_spec.h"

namespace nnc {

using DataArg = std::variant<int64_t, double, bool, std::string>;

/// `csv("points.csv", target = "y")`. Kinds and their arguments are the loaders' to check.
struct DataSpec {
  std::string kind;
  std::vector<DataArg> positional;
  std::map<std::string, DataArg> named;
  Loc loc;
  std::vector<Loc> positional_locs;
  std::map<std::string, Loc> named_locs;
};

struct TargetSpec {
  std::string name;
  Type type;
  std::optional<int64_t> classes;  // its values are indices below this
  std::optional<int64_t> ignored;  // or this
  Loc loc;
};

/// `split shares(validation = 0.1, test = 0.2)` or `split folds(5, fold = 0)`: which samples are set apart.
struct SplitSpec {
  enum class Kind : uint8_t { Whole, Shares, Folds };
  Kind kind = Kind::Whole;
  double validation = 0, test = 0;  // shares of all samples
  int64_t folds = 0, fold = 0;      // of so many equal parts this one, from 0, is for testing
  int64_t seed = 0;
};

/// An output that scores the classes of a target, as the loss compares them, and how scores become probabilities.
/// Softmax and Exp are of the last axis, one score per class; the others of labels 0 and 1, one score per sample.
struct ClassScores {
  enum class Kind : uint8_t { Softmax, Exp, Sigmoid, Probability };
  std::string output, target;
  Kind kind = Kind::Softmax;
};

/// As the number of epochs: as many as it takes.
inline constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

struct TrainSpec {
  std::optional<DataSpec> data;
  std::vector<CallSpec> columns;  // of all_column_rows(): how columns are prepared, in that order
  SplitSpec split;
  std::vector<TargetSpec> targets;
  std::vector<ClassScores> scores;
  std::vector<MeasureSpec> measures;  // the loss, then the metrics: the first outputs of `train` and `eval`
  UpdateSpec update;
  std::vector<CallSpec> schedules;  // of all_schedules(), one after the other; none: the rate stays
  std::vector<CallSpec> stops;      // of all_stops(): any of them ends the run
  int64_t batch = 32;               // 0: the whole data set (`batch full`)
  int64_t epochs = 1;               // kEndless: until a stopping rule ends the run
  int64_t seed = 0;
  Loc loc;                          // of the train block
  std::map<std::string, Loc> locs;  // of each key's first value: "batch", "optimizer"
};

struct Module {
  std::string name;
  std::vector<std::string> inputs, outputs;  // of the model, in the order of the file
  Graph train{"train"}, eval{"eval"}, predict{"predict"}, init{"init"};
  std::optional<TrainSpec> spec;  // none without a train block: `train` and `eval` are empty then
};

/// Settings from outside the file, "model.hidden1=256", "train.lr=3e-4", "train.batch=full": they replace
/// what the file says, and are errors when nothing has that name.
using Overrides = std::vector<std::string>;

/// What only the reader of data can find wrong with a `data` line (a missing file, say). Called once it is read,
/// whatever else the file has wrong.
using DataCheck = std::function<void(const DataSpec&)>;

/// The module of a file with one model (or the one its train block names). Nothing when there are errors, all
/// of which are in `diagnostics`.
std::optional<Module> elaborate(const ast::File& file, Diagnostics& diagnostics,
                                const Overrides& overrides = {}, const DataCheck& check_data = nullptr);

}  // namespace nnc
