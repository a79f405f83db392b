// One walk over a model in one mode. Mistakes are reported and become poisoned values, so that the walk goes
// on and finds the others; Abandon ends it where going on makes no sense (a model without end).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ir/ast.h"
#include "ir/diagnostics.h"
#include "ir/elaborate/settings.h"
#include "ir/elaborate/value.h"
#include "ir/layers.h"
#include "ir/module.h"
#include "ir/net.h"

namespace nnc {

/// The declarations of a file by name.
struct Declarations {
  std::map<std::string, const ast::Model*> models;
  std::map<std::string, const ast::Block*> blocks;
};

/// Thrown after a diagnostic that ends the elaboration.
struct Abandon {};

/// Limits of the walk: C++ calls (trees are shallower, blocks nest them), and expressions and statements (the
/// largest models there are have a few thousand).
inline constexpr int kMaxDepth = 1000;
inline constexpr int64_t kMaxWork = 200'000;

/// What a train block says, checked once; loss and metrics are built once per mode.
struct TrainPlan {
  TrainSpec spec;
  std::vector<const ast::TypedName*> targets;
  const ast::Expr* loss = nullptr;
  std::vector<std::pair<std::string, const ast::Expr*>> metrics;
};

/// `h` gives the scope h; `q, k, v` qkv; `left, right` left_right.
std::string scope_of(const std::vector<ast::Name>& targets);

class Elaborator {
 public:
  Elaborator(const Declarations& declarations, Settings& settings, Diagnostics& diagnostics, Mode mode);

  /// Binds the model's parameters, to what the settings say, or their defaults.
  void bind_formals(const ast::Model& model);
  TrainPlan read_train(const ast::Train& train);
  void run_model(const ast::Model& model);
  /// Adds targets, "loss" and metrics to the graph, and to the plan what it learns about the targets.
  void run_train(TrainPlan& plan);
  /// Model outputs become outputs of the graph, after what is there already.
  void add_model_outputs();

  Net& net() { return net_; }
  std::vector<std::string> inputs() const;
  std::vector<std::string> outputs() const;

 private:
  // What the statements running now are the body of; `values` are what it returned or yielded.
  struct Context {
    enum Kind { kModel, kBlock, kRepeat, kScan } kind;
    std::vector<Val> values;
    bool filled = false;
  };
  // A scope's variables; an opaque one (a block's) hides those around it.
  struct Environment {
    std::map<std::string, Val> names;
    bool opaque = false;
  };

  // statements (statements.cc, scan.cc)
  void run(const ast::Stmts& body);
  void run(const ast::Stmt& stmt);
  void run_input(const ast::InputStmt& s, Loc loc);
  void run_param(const ast::ParamStmt& s);
  void run_output(const ast::OutputStmt& s, Loc loc);
  void run_assign(const ast::AssignStmt& s);
  void run_repeat(const ast::RepeatStmt& s);
  void run_scan(const ast::ScanStmt& s);
  void leave_with(const std::vector<ast::ExprPtr>& values, Context::Kind kind, Loc loc);
  void assign(const std::vector<ast::Name>& targets, Val value, Loc loc);
  void define(const ast::Name& name, Val value);
  std::optional<Init> initialiser(const ast::Expr& e);
  std::optional<Init> initialiser_call(const std::string& name, const std::vector<ast::Arg>* args, Loc loc);
  /// Numbers and flags by the names of `names`, or nothing once reported. Where a name has choices, its value is
  /// one of these texts, and its index is the number.
  std::optional<std::map<std::string, Val>> bind_numbers(
      const std::string& function, const std::vector<std::string>& names, const std::vector<ast::Arg>* args,
      const std::vector<std::span<const std::string_view>>& choices = {});
  Val chosen(const std::string& function, const std::string& name, const Val& v,
             std::span<const std::string_view> choices);
  // What stands before a scan's body; `axis` is where the first sequence has its time.
  struct ScanParts {
    Dim length;
    int64_t axis = 0;
    std::vector<std::pair<std::string, Type>> carried, scanned;
    std::vector<Value> initial, sequences;
  };
  int64_t scanned_axis(const Type& type, const Dim& length);
  bool read_scan(const ast::ScanStmt& s, ScanParts& parts);
  bool run_scan_body(const ast::ScanStmt& s, const ScanParts& parts, std::vector<Value>& next,
                     std::vector<Value>& yields);
  /// Nothing, with an error given, where `v` is no tensor.
  std::optional<Value> tensor_part(const Val& v);
  bool next_carries(const ast::ScanStmt& s, const ScanParts& parts, std::vector<Value>& next);

  // expressions (expressions.cc, calls.cc, blocks.cc, index.cc)
  Val eval(const ast::Expr& e);
  Val eval_node(const ast::Expr& e);
  Val eval_ref(const ast::Ref& ref, Loc loc);
  Val eval_unary(const ast::Unary& u, Loc loc);
  Val eval_binary(const ast::Binary& e);
  Val eval_items(const std::vector<ast::ExprPtr>& items);
  Val binary_on_tensors(const ast::Binary& e, const Val& a, const Val& b);
  Value power(Value base, const Val& exponent);
  Val eval_call(const ast::Call& call, Loc loc);
  void report_unknown_function(const std::string& name, Loc loc);
  /// The argument number `position` among those without a name.
  Val eval_argument(const LayerRow* row, const ast::Arg& arg, size_t position);
  /// `bound`, if given, sees the call with its arguments once it is built.
  Val call_layer(const LayerRow& row, std::vector<std::pair<const ast::Arg*, Val>> args, Loc loc,
                 const std::function<void(const LayerCall&)>& bound = nullptr);
  std::vector<std::pair<const ast::Arg*, Val>> eval_arguments(const LayerRow* row, const ast::Call& call);
  Val call_block(const ast::Block& block, const std::vector<ast::Arg>& formals,
                 const std::vector<ast::Arg>& inputs, Loc loc);
  std::vector<Val> run_block(const ast::Block& block, Environment inside, const std::vector<Val>& actual,
                             const std::vector<ast::Arg>& inputs, Loc loc);
  Val call_params(const ast::Call& call, Loc loc);
  ArgValue layer_argument(const LayerArg& arg, const std::vector<std::pair<const ast::Arg*, Val>>& given,
                          const std::vector<Val>& operands);
  bool bind_block_formals(const ast::Block& block, const std::vector<ast::Arg>& args, Loc loc,
                          Environment& into);
  bool match_input(const ast::TypedName& declared, const Val& actual, Loc at);
  bool match_dims(const ast::TypedName& declared, const Type& actual, Loc at);
  bool match_results(const ast::Block& block, const std::vector<Val>& results, Loc loc);
  Val eval_index(const ast::Index& index, Loc loc);
  Val index_tensor(const ast::Index& index, const Val& base, Loc loc);
  void slice_axis(const ast::Subscript& s, const Dim& extent, Dim& start, Dim& size, int64_t& stride);
  Dim subscript(const ast::ExprPtr& e, const Dim& extent, const Dim& fallback);

  // sizes and constants
  /// The size, or nothing once reported.
  std::optional<Dim> eval_dim(const ast::Expr& e);
  /// With `introduce`, names nobody defined become symbols.
  std::optional<Type> eval_type(const ast::TypeExpr& t, bool introduce);
  void introduce_symbols(const ast::Expr& e);
  Val constant(const ast::Expr& e, const char* what);
  const Val* lookup(const std::string& name) const;
  std::vector<std::string> visible_names() const;

  // tensors
  Value tensor(const Val& v, DType number_type);
  Type type_of(const Val& v);
  Val result(Value v, Loc loc);
  std::string describe(const Val& v);
  /// Reports `e` at `loc`, with the types and places of the tensors involved.
  Val fail(DiagnosticCode code, Loc loc, const Error& e, const std::vector<Val>& operands);
  Val poison(Loc loc) const { return {Poison{}, loc}; }
  [[noreturn]] void abandon(Loc loc, const std::string& message);

  // train block (train.cc, columns.cc, scores.cc, split.cc, descent.cc, course.cc, train_calls.cc)
  struct TrainKey;
  static std::span<const TrainKey> train_keys();
  void read_data(TrainPlan& plan, const ast::TrainEntry& e);
  void read_target(TrainPlan& plan, const ast::TrainEntry& e);
  void read_loss(TrainPlan& plan, const ast::TrainEntry& e);
  void read_metric(TrainPlan& plan, const ast::TrainEntry& e);
  void read_optimizer(TrainPlan& plan, const ast::TrainEntry& e);
  void read_batch(TrainPlan& plan, const ast::TrainEntry& e);
  void read_epochs(TrainPlan& plan, const ast::TrainEntry& e);
  void read_seed(TrainPlan& plan, const ast::TrainEntry& e);
  std::optional<DataArg> data_argument(const ast::Expr& e);
  void read_columns(TrainPlan& plan, const ast::TrainEntry& e);
  void override_columns(TrainSpec& spec);
  void read_split(TrainPlan& plan, const ast::TrainEntry& e);
  bool set_split(SplitSpec& split, const std::string& name, Loc loc);
  void set_split_arg(SplitSpec& split, const std::string& name, const Val& value);
  void override_split(TrainSpec& spec);
  bool set_optimizer(OptimizerSpec& spec, const std::string& name, Loc loc);
  void set_optimizer_arg(OptimizerSpec& spec, const std::string& name, const Val& value);
  void override_train(TrainPlan& plan);
  void read_group(TrainPlan& plan, const ast::TrainEntry& e);
  void read_clip(TrainPlan& plan, const ast::TrainEntry& e);
  void read_accumulate(TrainPlan& plan, const ast::TrainEntry& e);
  void read_average(TrainPlan& plan, const ast::TrainEntry& e);
  void set_average(UpdateSpec& update, const Val& decay);
  void override_descent(TrainSpec& spec);
  void check_groups(const UpdateSpec& update);
  void read_schedule(TrainPlan& plan, const ast::TrainEntry& e);
  void read_stop(TrainPlan& plan, const ast::TrainEntry& e);
  void override_course(TrainSpec& spec);
  void override_stops(TrainSpec& spec);
  void check_watched(const TrainSpec& spec);
  void report_no_such_param(const std::string& pattern, Loc loc, const std::vector<std::string>& paths);
  /// One or more calls of `rows`; messages call one of them `what`, and give the example.
  std::vector<CallSpec> read_calls(const ast::TrainEntry& e, std::span<const CallRow> rows, const char* what,
                                   const char* example);
  std::optional<CallSpec> read_call(const ast::Expr& e, std::span<const CallRow> rows, const char* what,
                                    const char* example);
  std::optional<CallSpec> bind_call(const CallRow& row, const std::vector<ast::Arg>& args, Loc loc);
  bool convert_call_arg(const CallRow& row, const LayerArg& arg, const Val& given, CallArg& into);
  bool check_call(const CallRow& row, const CallSpec& call);
  /// Arguments by "train.key.call.argument" from outside.
  void override_calls(const char* key, std::vector<CallSpec>& calls, std::span<const CallRow> rows);
  const ast::Expr* single(const ast::TrainEntry& e, const char* what);
  int64_t whole_number(const Val& v, const std::string& what, int64_t least, int64_t fallback);
  void add_target(TrainSpec& spec, const ast::TypedName& target);
  void scalar_output(TrainSpec& spec, const std::string& name, const ast::Expr& e);
  void metric_output(TrainSpec& spec, const std::string& name, const ast::Expr& e);
  bool is_taken(const std::string& name, Loc loc);
  const MeasureRow* measure_called(const ast::Expr& e) const;
  void note_classes(TrainSpec& spec);
  void note_scores(TrainSpec& spec, const ast::Expr& loss);

  const Declarations& declarations_;
  Settings& settings_;
  Diagnostics& diag_;
  Net net_;
  std::vector<Environment> env_;
  std::vector<const ast::Block*> active_;  // blocks being called, outermost first
  std::vector<Context> contexts_;
  int depth_ = 0;
  int64_t work_ = 0;
  std::vector<std::pair<ast::Name, Val>> inputs_, outputs_;  // of the model
};

}  // namespace nnc
