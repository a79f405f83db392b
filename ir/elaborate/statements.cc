// Statements of models and blocks, but for scan.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

constexpr int64_t kMaxRepeat = 10'000;

}  // namespace

std::string scope_of(const std::vector<ast::Name>& targets) {
  bool letters =
      std::all_of(targets.begin(), targets.end(), [](const ast::Name& n) { return n.text.size() == 1; });
  std::string out;
  for (const ast::Name& n : targets) out += (out.empty() || letters ? "" : "_") + n.text;
  return out;
}

Elaborator::Elaborator(const Declarations& declarations, Settings& settings, Diagnostics& diagnostics,
                       Mode mode)
    : declarations_(declarations),
      settings_(settings),
      diag_(diagnostics),
      net_(mode == Mode::Train ? "train" : "eval", mode) {
  env_.push_back({{}, true});
}

void Elaborator::bind_formals(const ast::Model& model) {
  for (const ast::Formal& f : model.formals) {
    std::optional<Val> set = settings_.find("model." + f.name.text);
    Val val = set ? *set : f.default_value ? eval(*f.default_value) : poison(f.name.loc);
    if (!set && !f.default_value) {
      diag_.error("missing-argument", f.name.loc, fmt::format("'{}' has no value", f.name.text))
          .with_help(fmt::format("write a default, or set model.{}", f.name.text));
    }
    define(f.name, std::move(val));
  }
}

void Elaborator::run_model(const ast::Model& model) {
  contexts_.push_back({Context::kModel, {}, false});
  run(model.body);
  contexts_.pop_back();
  if (outputs_.empty()) {
    diag_.error("no-output", model.name.loc, fmt::format("model {} has no output", model.name.text));
  }
}

void Elaborator::run(const ast::Stmts& body) {
  for (const ast::Stmt& stmt : body) {
    if (contexts_.back().filled) {
      diag_.error("unreachable", stmt.loc, "nothing may follow what the body gives");
      return;
    }
    run(stmt);
  }
}

void Elaborator::run(const ast::Stmt& stmt) {
  if (++work_ > kMaxWork) abandon(stmt.loc, fmt::format("the model has more than {} operations", kMaxWork));
  if (++depth_ > kMaxDepth) abandon(stmt.loc, "the model nests too deeply");
  net_.set_loc(stmt.loc);
  try {
    if (auto* s = stmt.as<ast::InputStmt>()) run_input(*s, stmt.loc);
    if (auto* s = stmt.as<ast::ParamStmt>()) run_param(*s);
    if (auto* s = stmt.as<ast::OutputStmt>()) run_output(*s, stmt.loc);
    if (auto* s = stmt.as<ast::AssignStmt>()) run_assign(*s);
    if (auto* s = stmt.as<ast::RepeatStmt>()) run_repeat(*s);
    if (auto* s = stmt.as<ast::ScanStmt>()) run_scan(*s);
    if (auto* s = stmt.as<ast::YieldStmt>()) leave_with(s->values, Context::kScan, stmt.loc);
    if (auto* s = stmt.as<ast::ReturnStmt>()) leave_with(s->values, Context::kBlock, stmt.loc);
  } catch (const Error& e) {
    fail("invalid", stmt.loc, e, {});
  }
  --depth_;
}

// The name's place becomes the value's: messages about it point at where it was given.
void Elaborator::define(const ast::Name& name, Val value) {
  value.loc = name.loc;
  env_.back().names[name.text] = std::move(value);
}

void Elaborator::run_input(const ast::InputStmt& s, Loc loc) {
  const ast::Name& name = s.input.name;
  if (contexts_.back().kind != Context::kModel) {
    diag_.error("misplaced", loc, "inputs are declared by the model itself");
    return;
  }
  for (const auto& [other, val] : inputs_) {
    if (other.text != name.text) continue;
    diag_.error("duplicate", name.loc, fmt::format("there are two inputs '{}'", name.text))
        .note(other.loc, "the first");
    return;
  }
  std::optional<Type> type = eval_type(s.input.type, true);
  Val val = poison(name.loc);
  if (type) val = {TensorVal{net_.b().input(name.text, *type), 0}, name.loc};
  inputs_.emplace_back(name, val);
  define(name, val);
}

void Elaborator::run_param(const ast::ParamStmt& s) {
  const ast::Name& name = s.param.name;
  std::optional<Type> type = eval_type(s.param.type, false);
  std::optional<Init> init = initialiser(*s.init);
  Val val = poison(name.loc);
  try {
    net_.set_loc(name.loc);
    if (type && init) val.v = TensorVal{net_.param(net_.unique(name.text), *type, *init), net_.depth()};
  } catch (const Error& e) {
    fail("parameter", name.loc, e, {});
  }
  define(name, val);
}

std::optional<Init> Elaborator::initialiser(const ast::Expr& e) {
  const ast::Call* call = e.as<ast::Call>();
  const ast::Ref* name = (call ? call->callee.get() : &e)->as<ast::Ref>();
  if (name && (call || lookup(name->name) == nullptr)) {
    return initialiser_call(name->name, call ? &call->args : nullptr, e.loc);
  }
  Val v = constant(e, "an initial value");
  if (v.poisoned()) return std::nullopt;
  if (!v.is_number()) {
    diag_.error("bad-argument", e.loc,
                fmt::format("an initial value is a number or an initialiser, not {}", describe(v)));
    return std::nullopt;
  }
  return constant_init(real_of(v));
}

std::optional<Init> Elaborator::initialiser_call(const std::string& name, const std::vector<ast::Arg>* args,
                                                 Loc loc) {
  const InitRow* row = find_initializer(name);
  if (row == nullptr) {
    std::vector<std::string> names;
    for (const InitRow& r : all_initializers()) names.emplace_back(r.name);
    diag_.error("unknown-function", loc, fmt::format("there is no initialiser '{}'", name))
        .suggest(name, names);
    return std::nullopt;
  }
  std::vector<std::string> names;
  std::vector<std::span<const std::string_view>> choices;
  for (const InitArg& a : row->args) {
    names.emplace_back(a.name);
    choices.push_back(a.choices);
  }
  std::optional<std::map<std::string, Val>> given = bind_numbers(name, names, args, choices);
  if (!given) return std::nullopt;
  Init out{name, {}};
  for (const InitArg& a : row->args) {
    auto it = given->find(std::string(a.name));
    if (it == given->end() && a.required) {
      diag_.error("missing-argument", loc, fmt::format("{} needs '{}'", name, a.name));
      return std::nullopt;
    }
    out.args.push_back(it == given->end() ? a.fallback : real_of(it->second));
  }
  return out;
}

// The text's index among the choices, or a message that lists them.
Val Elaborator::chosen(const std::string& function, const std::string& name, const Val& v,
                       std::span<const std::string_view> choices) {
  if (v.poisoned()) return v;
  const std::string* text = v.as<std::string>();
  auto found = text ? std::find(choices.begin(), choices.end(), *text) : choices.end();
  if (found != choices.end()) return {Dim(found - choices.begin()), v.loc};
  diag_.error("bad-argument", v.loc,
              fmt::format("{}'s '{}' is one of \"{}\", not {}", function, name, fmt::join(choices, "\", \""),
                          text ? "\"" + *text + "\"" : describe(v)));
  return poison(v.loc);
}

std::optional<std::map<std::string, Val>> Elaborator::bind_numbers(
    const std::string& function, const std::vector<std::string>& names, const std::vector<ast::Arg>* args,
    const std::vector<std::span<const std::string_view>>& choices) {
  std::map<std::string, Val> out;
  bool good = true;
  size_t position = 0;
  for (size_t i = 0; args && i < args->size(); ++i) {
    const ast::Arg& arg = (*args)[i];
    std::string name = arg.name.text;
    if (name.empty() && position < names.size()) name = names[position++];
    Val v = constant(*arg.value, "an argument");
    auto which = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (which < choices.size() && !choices[which].empty()) v = chosen(function, name, v, choices[which]);
    Loc at = arg.name.text.empty() ? arg.value->loc : arg.name.loc;
    bool flag = v.as<bool>() != nullptr,
         number = v.as<double>() || (v.as<Dim>() && v.as<Dim>()->is_constant());
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string message = name.empty() ? fmt::format("{} takes {} arguments", function, names.size())
                                         : fmt::format("{} has no argument '{}'", function, name);
      diag_.error("unknown-argument", at, message).suggest(name, names);
      good = false;
    } else if (out.count(name)) {
      diag_.error("duplicate-argument", at, fmt::format("{} gets '{}' twice", function, name));
      good = false;
    } else if (!flag && !number) {
      if (!v.poisoned()) {
        diag_.error("bad-argument", arg.value->loc,
                    fmt::format("{}'s '{}' is a number, not {}", function, name, describe(v)));
      }
      good = false;
    }
    v.loc = arg.value->loc;
    out[name] = v;
  }
  return good ? std::optional(out) : std::nullopt;
}

Val Elaborator::constant(const ast::Expr& e, const char* what) {
  Val v = eval(e);
  if (v.as<TensorVal>()) {
    diag_.error("not-constant", e.loc,
                fmt::format("{} must be known before the run, and this is {}", what, describe(v)));
    return poison(e.loc);
  }
  return v;
}

void Elaborator::run_output(const ast::OutputStmt& s, Loc loc) {
  if (contexts_.back().kind != Context::kModel) {
    diag_.error("misplaced", loc, "outputs are declared by the model itself");
    return;
  }
  if (s.value) {
    NetScope scope(net_, scope_of(s.names));
    assign(s.names, eval(*s.value), s.value->loc);
  }
  for (const ast::Name& name : s.names) {
    Val val = eval_ref({name.text}, name.loc);
    auto same = [&](const auto& other) { return other.first.text == name.text; };
    auto first = std::find_if(outputs_.begin(), outputs_.end(), same);
    if (first != outputs_.end()) {
      diag_.error("duplicate", name.loc, fmt::format("there are two outputs '{}'", name.text))
          .note(first->first.loc, "the first");
      continue;
    }
    if (!val.poisoned() && !val.as<TensorVal>()) {
      diag_.error("type", name.loc, fmt::format("an output is a tensor, not {}", describe(val)));
      val = poison(name.loc);
    }
    outputs_.emplace_back(name, val);
  }
}

void Elaborator::run_assign(const ast::AssignStmt& s) {
  NetScope scope(net_, scope_of(s.targets));
  assign(s.targets, eval(*s.value), s.value->loc);
}

void Elaborator::assign(const std::vector<ast::Name>& targets, Val value, Loc loc) {
  if (targets.size() == 1) {
    define(targets[0], std::move(value));
    return;
  }
  const Many* many = value.as<Many>();
  bool fits = many && many->items.size() == targets.size();
  if (!fits && !value.poisoned()) {
    diag_.error("result-count", loc, fmt::format("{} names for {}", targets.size(), describe(value)));
  }
  for (size_t i = 0; i < targets.size(); ++i) define(targets[i], fits ? many->items[i] : poison(loc));
}

void Elaborator::run_repeat(const ast::RepeatStmt& s) {
  Val count = constant(*s.count, "a number of repetitions");
  const Dim* n = count.as<Dim>();
  bool good = n && n->is_constant() && n->value() >= 0 && n->value() <= kMaxRepeat;
  if (!good) {
    if (!count.poisoned()) {
      diag_.error("bad-argument", s.count->loc,
                  fmt::format("repeat takes a number from 0 to {}, not {}", kMaxRepeat, describe(count)));
    }
    return;
  }
  int64_t repetitions = n->value();
  NetScope label(net_, net_.unique(s.label.text.empty() ? "repeat" : s.label.text));
  contexts_.push_back({Context::kRepeat, {}, false});
  size_t errors = diag_.error_count();
  // One faulty repetition says it all.
  for (int64_t i = 0; i < repetitions && diag_.error_count() == errors; ++i) {
    NetScope scope(net_, std::to_string(i));
    run(s.body);
  }
  contexts_.pop_back();
}

void Elaborator::leave_with(const std::vector<ast::ExprPtr>& values, Context::Kind kind, Loc loc) {
  if (contexts_.back().kind != kind) {
    bool yields = kind == Context::kScan;
    diag_.error("misplaced", loc,
                yields ? "yield belongs into the body of a scan" : "return belongs at the end of a block");
    return;
  }
  std::vector<Val> out;
  for (const ast::ExprPtr& e : values) out.push_back(eval(*e));
  contexts_.back().values = std::move(out);
  contexts_.back().filled = true;
}

std::vector<std::string> Elaborator::inputs() const {
  std::vector<std::string> out;
  for (const auto& [name, val] : inputs_) out.push_back(name.text);
  return out;
}

std::vector<std::string> Elaborator::outputs() const {
  std::vector<std::string> out;
  for (const auto& [name, val] : outputs_) out.push_back(name.text);
  return out;
}

void Elaborator::add_model_outputs() {
  for (const auto& [name, val] : outputs_) {
    if (!val.poisoned()) net_.add_output(name.text, tensor(val, DType::F32));
  }
}

}  // namespace nnc
