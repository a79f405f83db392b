// The train block: a table of keys, each with the function that reads its line, and the graph of loss and
// metrics.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {

struct Elaborator::TrainKey {
  const char* name;
  void (Elaborator::*read)(TrainPlan&, const ast::TrainEntry&);
  bool repeatable = false;
  bool required = false;
};

std::span<const Elaborator::TrainKey> Elaborator::train_keys() {
  static constexpr TrainKey kKeys[] = {
      {"data", &Elaborator::read_data},
      {"columns", &Elaborator::read_columns, true},
      {"split", &Elaborator::read_split},
      {"target", &Elaborator::read_target, true},
      {"loss", &Elaborator::read_loss, false, true},
      {"metric", &Elaborator::read_metric, true},
      {"optimizer", &Elaborator::read_optimizer, false, true},
      {"group", &Elaborator::read_group, true},
      {"clip", &Elaborator::read_clip},
      {"accumulate", &Elaborator::read_accumulate},
      {"average", &Elaborator::read_average},
      {"schedule", &Elaborator::read_schedule},
      {"stop", &Elaborator::read_stop},
      {"batch", &Elaborator::read_batch},
      {"epochs", &Elaborator::read_epochs},
      {"seed", &Elaborator::read_seed},
  };
  return kKeys;
}

TrainPlan Elaborator::read_train(const ast::Train& train) {
  TrainPlan plan;
  plan.spec.loc = train.model.loc;
  std::map<std::string, Loc> seen;
  std::vector<std::string> names;
  for (const TrainKey& key : train_keys()) names.emplace_back(key.name);
  for (const ast::TrainEntry& e : train.entries) {
    auto key = std::find_if(train_keys().begin(), train_keys().end(),
                            [&](const TrainKey& k) { return e.key.text == k.name; });
    if (key == train_keys().end()) {
      diag_.error("unknown-key", e.key.loc, fmt::format("train has no key '{}'", e.key.text))
          .suggest(e.key.text, names);
      continue;
    }
    auto [first, fresh] = seen.try_emplace(e.key.text, e.key.loc);
    if (!fresh && !key->repeatable) {
      diag_.error("duplicate", e.key.loc, fmt::format("train says '{}' twice", key->name))
          .note(first->second, "first here");
      continue;
    }
    plan.spec.locs.try_emplace(e.key.text, e.values.empty() ? e.key.loc : e.values[0]->loc);
    (this->*key->read)(plan, e);
  }
  for (const TrainKey& key : train_keys()) {
    // A line with an error, such as an unknown key, may be the one that is missing.
    if (!key.required || seen.count(key.name) || diag_.has_errors()) continue;
    diag_.error("missing-key", train.model.loc,
                fmt::format("train {} has no '{}'", train.model.text, key.name));
  }
  override_train(plan);
  return plan;
}

const ast::Expr* Elaborator::single(const ast::TrainEntry& e, const char* what) {
  if (!e.typed && e.values.size() == 1) return e.values[0].get();
  diag_.error("bad-value", e.key.loc, fmt::format("'{}' takes {}", e.key.text, what));
  return nullptr;
}

void Elaborator::read_data(TrainPlan& plan, const ast::TrainEntry& e) {
  const ast::Expr* value = single(e, "one source, such as csv(\"points.csv\")");
  if (value == nullptr) return;
  const ast::Call* call = value->as<ast::Call>();
  const ast::Ref* kind = (call ? call->callee.get() : value)->as<ast::Ref>();
  if (kind == nullptr) {
    diag_.error("bad-value", value->loc, "'data' takes one source, such as csv(\"points.csv\")");
    return;
  }
  DataSpec data;
  data.kind = kind->name;
  data.loc = value->loc;
  for (size_t i = 0; call && i < call->args.size(); ++i) {
    const ast::Arg& arg = call->args[i];
    std::optional<DataArg> read = data_argument(*arg.value);
    if (!read) continue;
    if (arg.name.text.empty()) {
      data.positional.push_back(*read);
      data.positional_locs.push_back(arg.value->loc);
    } else if (!data.named.emplace(arg.name.text, *read).second) {
      diag_.error("duplicate-argument", arg.name.loc,
                  fmt::format("{} gets '{}' twice", data.kind, arg.name.text));
    } else {
      data.named_locs[arg.name.text] = arg.value->loc;
    }
  }
  plan.spec.data = std::move(data);
}

std::optional<DataArg> Elaborator::data_argument(const ast::Expr& e) {
  Val v = constant(e, "an argument of the data");
  if (const Dim* d = v.as<Dim>(); d && d->is_constant()) return d->value();
  if (const double* real = v.as<double>()) return *real;
  if (const bool* flag = v.as<bool>()) return *flag;
  if (const std::string* text = v.as<std::string>()) return *text;
  if (!v.poisoned())
    diag_.error("bad-argument", e.loc, fmt::format("data takes numbers and texts, not {}", describe(v)));
  return std::nullopt;
}

void Elaborator::read_target(TrainPlan& plan, const ast::TrainEntry& e) {
  if (!e.typed) {
    diag_.error("bad-value", e.key.loc, "'target' takes a name and a type, such as: target digit: i32[B]");
    return;
  }
  auto same = [&](const ast::TypedName* t) { return t->name.text == e.typed->name.text; };
  auto first = std::find_if(plan.targets.begin(), plan.targets.end(), same);
  if (first != plan.targets.end()) {
    diag_.error("duplicate", e.typed->name.loc, fmt::format("there are two targets '{}'", e.typed->name.text))
        .note((*first)->name.loc, "the first");
    return;
  }
  plan.targets.push_back(&*e.typed);
}

void Elaborator::read_loss(TrainPlan& plan, const ast::TrainEntry& e) {
  plan.loss = single(e, "one expression");
}

// A metric is called what its function is called; the second of the same gets a number.
void Elaborator::read_metric(TrainPlan& plan, const ast::TrainEntry& e) {
  const ast::Expr* value = single(e, "one expression");
  if (value == nullptr) return;
  const ast::Call* call = value->as<ast::Call>();
  const ast::Ref* callee = call ? call->callee->as<ast::Ref>() : nullptr;
  std::string base = callee ? callee->name : "metric", name = base;
  auto taken = [&](const auto& metric) { return metric.first == name; };
  for (int i = 1; std::any_of(plan.metrics.begin(), plan.metrics.end(), taken); ++i)
    name = fmt::format("{}_{}", base, i);
  plan.metrics.emplace_back(name, value);
}

void Elaborator::read_optimizer(TrainPlan& plan, const ast::TrainEntry& e) {
  const ast::Expr* value = single(e, "one optimizer, such as adam(lr = 1e-3)");
  if (value == nullptr) return;
  const ast::Call* call = value->as<ast::Call>();
  const ast::Ref* name = (call ? call->callee.get() : value)->as<ast::Ref>();
  if (name == nullptr) {
    diag_.error("bad-value", value->loc, "'optimizer' takes one optimizer, such as adam(lr = 1e-3)");
    return;
  }
  plan.spec.update.loc = call ? call->callee->loc : value->loc;
  if (!set_optimizer(plan.spec.update.optimizer, name->name, plan.spec.update.loc)) return;
  std::vector<std::string> names;
  for (const OptimizerArg& arg : find_optimizer(name->name)->args) names.emplace_back(arg.name);
  auto given = bind_numbers(name->name, names, call ? &call->args : nullptr);
  if (!given) return;
  for (const auto& [arg, val] : *given) set_optimizer_arg(plan.spec.update.optimizer, arg, val);
}

bool Elaborator::set_optimizer(OptimizerSpec& spec, const std::string& name, Loc loc) {
  if (find_optimizer(name) != nullptr) {
    spec = {name, {}};
    return true;
  }
  std::vector<std::string> names;
  for (const OptimizerRow& row : all_optimizers()) names.emplace_back(row.name);
  diag_.error("unknown-function", loc, fmt::format("there is no optimizer '{}'", name)).suggest(name, names);
  return false;
}

void Elaborator::set_optimizer_arg(OptimizerSpec& spec, const std::string& name, const Val& value) {
  for (const OptimizerArg& arg : find_optimizer(spec.name)->args) {
    if (arg.name != name) continue;
    std::string range = arg.flag ? "true or false"
                        : arg.high == std::numeric_limits<double>::infinity()
                            ? fmt::format("a number of at least {}", arg.low)
                            : fmt::format("a number from {} to below {}", arg.low, arg.high);
    const bool* flag = value.as<bool>();
    bool number = value.is_number() && !arg.flag && real_of(value) >= arg.low && real_of(value) < arg.high;
    if (flag ? !arg.flag : !number) {
      diag_.error("bad-value", value.loc,
                  fmt::format("{}'s '{}' is {}, not {}", spec.name, name, range, describe(value)));
      return;
    }
    spec.args[name] = flag ? *flag : real_of(value);
  }
}

namespace {

bool is_full(const Val& v) { return v.as<std::string>() && *v.as<std::string>() == "full"; }

constexpr int64_t kMaxBatch = std::numeric_limits<int32_t>::max();

}  // namespace

int64_t Elaborator::whole_number(const Val& v, const std::string& what, int64_t least, int64_t fallback) {
  const Dim* d = v.as<Dim>();
  if (d && d->is_constant() && d->value() >= least && d->value() <= kMaxBatch) return d->value();
  if (!v.poisoned()) {
    diag_.error(
        "bad-value", v.loc,
        fmt::format("{} is a whole number from {} to {}, not {}", what, least, kMaxBatch, describe(v)));
  }
  return fallback;
}

void Elaborator::read_batch(TrainPlan& plan, const ast::TrainEntry& e) {
  const ast::Expr* value = single(e, "a number, or full");
  if (value == nullptr) return;
  const ast::Ref* ref = value->as<ast::Ref>();
  bool full = ref && ref->name == "full" && lookup("full") == nullptr;
  plan.spec.batch = full ? 0 : whole_number(constant(*value, "the batch size"), "batch", 1, 1);
}

void Elaborator::read_epochs(TrainPlan& plan, const ast::TrainEntry& e) {
  if (const ast::Expr* value = single(e, "a number")) {
    plan.spec.epochs = whole_number(constant(*value, "the number of epochs"), "epochs", 0, 1);
  }
}

void Elaborator::read_seed(TrainPlan& plan, const ast::TrainEntry& e) {
  if (const ast::Expr* value = single(e, "a number")) {
    plan.spec.seed = whole_number(constant(*value, "the seed"), "seed", 0, 0);
  }
}

void Elaborator::override_train(TrainPlan& plan) {
  TrainSpec& spec = plan.spec;
  override_columns(spec);
  override_split(spec);
  if (auto v = settings_.find("train.optimizer")) {
    set_optimizer(spec.update.optimizer, v->as<std::string>() ? *v->as<std::string>() : describe(*v), {});
  }
  for (const OptimizerArg& arg : find_optimizer(spec.update.optimizer.name)->args) {
    std::string name(arg.name);
    for (const std::string& path : {"train." + name, "train.optimizer." + name}) {
      if (auto v = settings_.find(path)) set_optimizer_arg(spec.update.optimizer, name, *v);
    }
  }
  if (auto fault = optimizer_fault(spec.update.optimizer))
    diag_.error("bad-value", spec.locs["optimizer"], *fault);
  override_descent(spec);
  override_course(spec);
  if (auto v = settings_.find("train.batch"))
    spec.batch = is_full(*v) ? 0 : whole_number(*v, "train.batch", 1, 1);
  if (spec.batch == 0 && spec.update.accumulate > 1)
    diag_.error("bad-value", spec.locs["accumulate"],
                "batch full has one batch, so there are no several to accumulate");
  if (auto v = settings_.find("train.epochs")) spec.epochs = whole_number(*v, "train.epochs", 0, 1);
  if (auto v = settings_.find("train.seed")) spec.seed = whole_number(*v, "train.seed", 0, 0);
}

// Loss and metrics see the model's parameters, inputs and outputs, and the targets; not its insides.
void Elaborator::run_train(TrainPlan& plan) {
  Environment visible{{}, true};
  for (const auto& [name, val] : env_.front().names) {
    if (!val.as<TensorVal>() && !val.as<Many>() && !val.poisoned()) visible.names[name] = val;
  }
  env_.push_back(std::move(visible));
  for (const auto& [name, val] : inputs_) define(name, val);
  for (const auto& [name, val] : outputs_) define(name, val);
  plan.spec.targets.clear();
  for (const ast::TypedName* target : plan.targets) add_target(plan.spec, *target);
  plan.spec.measures.clear();
  plan.spec.scores.clear();
  if (plan.loss) scalar_output(plan.spec, "loss", *plan.loss);
  if (plan.loss) note_scores(plan.spec, *plan.loss);
  for (const auto& [name, e] : plan.metrics) metric_output(plan.spec, name, *e);
  env_.pop_back();
  note_classes(plan.spec);
  check_groups(plan.spec.update);
  bool all_measured = plan.spec.measures.size() == plan.metrics.size() + 1;  // else it is reported already
  if (all_measured) check_watched(plan.spec);
}

void Elaborator::add_target(TrainSpec& spec, const ast::TypedName& target) {
  const ast::Name& name = target.name;
  if (const Val* other = lookup(name.text)) {
    diag_.error("duplicate", name.loc, fmt::format("'{}' is taken, so no target can be called so", name.text))
        .note(other->loc, "by this");
    return;
  }
  std::optional<Type> type = eval_type(target.type, true);
  net_.set_loc(name.loc);
  Val val = poison(name.loc);
  if (type) {
    val = {TensorVal{net_.b().input(name.text, *type), 0}, name.loc};
    spec.targets.push_back({name.text, *type, std::nullopt, std::nullopt, name.loc});
  }
  define(name, val);
}

bool Elaborator::is_taken(const std::string& name, Loc loc) {
  for (const auto& [output, val] : outputs_) {
    if (output.text != name) continue;
    diag_.error("duplicate", loc, fmt::format("'{}' is also an output of the model", name))
        .note(output.loc, "this one");
    return true;
  }
  return false;
}

void Elaborator::scalar_output(TrainSpec& spec, const std::string& name, const ast::Expr& e) {
  if (is_taken(name, e.loc)) return;
  NetScope scope(net_, net_.unique(name));
  Val v = eval(e);
  if (v.poisoned()) return;
  try {
    Value value = tensor(v, DType::F32);
    Type type = net_.b().type(value);
    if (!type.is_scalar() || !is_float(type.dtype))
      throw Error(fmt::format("{} must be one real number, and this is {}", name, type.str()),
                  {is_float(type.dtype)
                       ? fmt::format("fold it, as in `{} mean(…)`", name)
                       : "an integer, such as an index or a count, passes no gradient: make it of floats"});
    net_.add_output(name, value);
    spec.measures.push_back(mean_measure(name));
  } catch (const Error& error) {
    fail("type", e.loc, error, {});
  }
}

const MeasureRow* Elaborator::measure_called(const ast::Expr& e) const {
  const ast::Call* call = e.as<ast::Call>();
  const ast::Ref* name = call ? call->callee->as<ast::Ref>() : nullptr;
  return name && !declarations_.blocks.count(name->name) ? find_measure(name->name) : nullptr;
}

// A measure by itself is taken over the whole set; anything else is an expression, and its mean.
void Elaborator::metric_output(TrainSpec& spec, const std::string& name, const ast::Expr& e) {
  const MeasureRow* row = measure_called(e);
  if (row == nullptr) return scalar_output(spec, name, e);
  if (is_taken(name, e.loc)) return;
  MeasureSpec measure{
      .name = name, .fold = row->fold, .end = row->end, .larger_is_better = row->larger_is_better};
  NetScope scope(net_, net_.unique(name));
  net_.set_loc(e.loc);
  Val v = call_layer(row->call, eval_arguments(&row->call, *e.as<ast::Call>()), e.loc,
                     [&](const LayerCall& call) { row->describe(call, measure); });
  if (v.poisoned()) return;
  net_.add_output(name, tensor(v, DType::F32));
  spec.measures.push_back(std::move(measure));
}

void Elaborator::note_classes(TrainSpec& spec) {
  for (const auto& [value, range] : net_.classes()) {
    const Node& n = net_.b().graph().node(value);
    if (n.op != Op::Input || !range.classes.is_constant()) continue;
    for (TargetSpec& target : spec.targets) {
      if (target.name != n.as<InputAttrs>().name) continue;
      target.classes = range.classes.value();
      target.ignored = range.ignored;
    }
  }
}

}  // namespace nnc
