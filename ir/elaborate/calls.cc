// Calls of layers: arguments bound to the signature, converted to what it says they are.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

using Given = std::vector<std::pair<const ast::Arg*, Val>>;

std::vector<std::string> function_names(const Declarations& declarations, bool measures) {
  std::vector<std::string> out;
  for (const MeasureRow& row : all_measures()) {
    if (measures) out.emplace_back(row.call.name);
  }
  for (const LayerRow& row : all_layers()) out.emplace_back(row.name);
  for (const auto& [name, block] : declarations.blocks) out.push_back(name);
  return out;
}

// The message with the layer's name in front, once.
Error named_error(std::string_view name, const Error& e) {
  std::string message = e.what();
  if (!message.starts_with(name)) message = fmt::format("{}: {}", name, message);
  return Error(message, e.notes());
}

std::string usage(const LayerRow& row) { return fmt::format("{}({})", row.name, row.signature); }

// Arguments by position of the signature; several only where it says `tensors`.
struct Bound {
  std::vector<Given> values;
  bool failed = false;
};

class ArgumentBinder {
 public:
  ArgumentBinder(const LayerRow& row, const std::vector<LayerArg>& signature, Diagnostics& diag)
      : row_(row), signature_(signature), diag_(diag) {
    bound_.values.resize(signature.size());
  }

  Bound bind(const Given& given, Loc call) {
    for (const auto& [arg, val] : given) arg->name.text.empty() ? positional(*arg, val) : named(*arg, val);
    for (size_t i = 0; i < signature_.size(); ++i) {
      // A misspelt argument is the one that is missing.
      if (bound_.failed || !signature_[i].required || !bound_.values[i].empty()) continue;
      error("missing-argument", call, fmt::format("{} needs '{}'", row_.name, signature_[i].name));
    }
    return std::move(bound_);
  }

 private:
  Diagnostic& error(const char* code, Loc loc, std::string message) {
    bound_.failed = true;
    return diag_.error(code, loc, std::move(message)).with_help(usage(row_));
  }

  void positional(const ast::Arg& arg, const Val& val) {
    if (next_ >= signature_.size()) {
      error("too-many-arguments", arg.value->loc,
            fmt::format("{} takes {} arguments", row_.name, signature_.size()));
      return;
    }
    bound_.values[next_].emplace_back(&arg, val);
    if (signature_[next_].kind != ArgKind::Tensors) ++next_;
  }

  void named(const ast::Arg& arg, const Val& val) {
    std::vector<std::string> names;
    for (size_t i = 0; i < signature_.size(); ++i) {
      names.push_back(signature_[i].name);
      if (names.back() != arg.name.text) continue;
      if (!bound_.values[i].empty()) {
        error("duplicate-argument", arg.name.loc,
              fmt::format("{} gets '{}' twice", row_.name, arg.name.text));
      }
      bound_.values[i].emplace_back(&arg, val);
      return;
    }
    error("unknown-argument", arg.name.loc, fmt::format("{} has no argument '{}'", row_.name, arg.name.text))
        .suggest(arg.name.text, names);
  }

  const LayerRow& row_;
  const std::vector<LayerArg>& signature_;
  Diagnostics& diag_;
  Bound bound_;
  size_t next_ = 0;
};

const Dim* size_in(const Val& v) {
  const Dim* d = v.as<Dim>();
  return d && !(d->is_constant() && d->value() < 0) ? d : nullptr;
}

const Dim* integer_in(const Val& v) {
  const Dim* d = v.as<Dim>();
  return d && d->is_constant() ? d : nullptr;
}

// One value, or the items of a list.
std::vector<Val> items_of(const Val& v) {
  if (const Many* many = v.as<Many>()) return many->items;
  return {v};
}

// The value as `kind`, monostate where it is none of it. Tensors are the elaborator's to convert.
ArgValue convert(ArgKind kind, const Val& v) {
  switch (kind) {
    case ArgKind::Size:
      if (const Dim* d = size_in(v)) return *d;
      break;
    case ArgKind::Sizes: {
      Shape out;
      for (const Val& item : items_of(v)) {
        if (!size_in(item)) return {};
        out.push_back(*size_in(item));
      }
      return out;
    }
    case ArgKind::Int:
      if (const Dim* d = integer_in(v)) return d->value();
      break;
    case ArgKind::Ints: {
      std::vector<int64_t> out;
      for (const Val& item : items_of(v)) {
        if (!integer_in(item)) return {};
        out.push_back(integer_in(item)->value());
      }
      if (!out.empty()) return out;
      break;
    }
    case ArgKind::Real:
      if (v.as<double>() || integer_in(v)) return real_of(v);
      break;
    case ArgKind::Flag:
      if (const bool* flag = v.as<bool>()) return *flag;
      break;
    case ArgKind::Type:
      if (const DType* type = v.as<DType>()) return *type;
      break;
    case ArgKind::Text:
      if (const std::string* text = v.as<std::string>()) return *text;
      break;
    case ArgKind::Init:
      if (const Init* init = v.as<Init>()) return *init;
      break;
    case ArgKind::Tensor:
    case ArgKind::Tensors:
      break;
  }
  return {};
}

std::string_view expected(ArgKind kind) {
  switch (kind) {
    case ArgKind::Tensor:
      return "a tensor";
    case ArgKind::Tensors:
      return "tensors";
    case ArgKind::Size:
      return "a size";
    case ArgKind::Sizes:
      return "a list of sizes";
    case ArgKind::Int:
      return "a whole number";
    case ArgKind::Ints:
      return "a whole number or a list of them";
    case ArgKind::Real:
      return "a number";
    case ArgKind::Flag:
      return "true or false";
    case ArgKind::Type:
      return "an element type";
    case ArgKind::Text:
      return "a text in quotes";
    case ArgKind::Init:
      return "an initialiser";
  }
  return "";
}

}  // namespace

Val Elaborator::eval_call(const ast::Call& call, Loc loc) {
  const ast::Call* formals = call.callee->as<ast::Call>();
  const ast::Ref* name = (formals ? formals->callee : call.callee)->as<ast::Ref>();
  if (name == nullptr) {
    diag_.error("not-a-function", call.callee->loc, "only layers and blocks can be called");
    return poison(loc);
  }
  if (auto it = declarations_.blocks.find(name->name); it != declarations_.blocks.end()) {
    if (formals) return call_block(*it->second, formals->args, call.args, loc);
    if (it->second->formals.empty()) return call_block(*it->second, {}, call.args, loc);
    diag_.error("missing-argument", loc,
                fmt::format("{} is called twice over: {}(sizes)(tensors)", name->name, name->name));
    return poison(loc);
  }
  if (name->name == "params" && !formals) return call_params(call, loc);
  const LayerRow* row = find_layer(name->name);
  if (row == nullptr) {
    Loc where = formals ? formals->callee->loc : call.callee->loc;
    Diagnostic& d =
        diag_.error("unknown-function", where, fmt::format("there is no layer or block '{}'", name->name));
    if (find_measure(name->name))
      d.with_help(
          fmt::format("{} is a metric over a whole set: it stands alone in a metric line", name->name));
    else
      d.suggest(name->name, function_names(declarations_, contexts_.empty()));
  } else if (formals) {
    diag_.error("not-a-function", call.callee->loc,
                fmt::format("{} is a layer, and what it gives is no function", row->name));
  }
  // Evaluated even for an unknown function, to find the mistakes inside.
  Given given = eval_arguments(row, call);
  if (row == nullptr || formals) return poison(loc);
  return call_layer(*row, std::move(given), loc);
}

std::vector<std::pair<const ast::Arg*, Val>> Elaborator::eval_arguments(const LayerRow* row,
                                                                        const ast::Call& call) {
  Given given;
  size_t position = 0;
  for (const ast::Arg& arg : call.args) {
    given.emplace_back(&arg, eval_argument(row, arg, position));
    position += arg.name.text.empty();
  }
  return given;
}

// What an initialiser's name means, only the signature knows: `normal` is no layer.
Val Elaborator::eval_argument(const LayerRow* row, const ast::Arg& arg, size_t position) {
  std::vector<LayerArg> signature = row ? parse_signature(row->signature) : std::vector<LayerArg>();
  bool initial = false;
  for (size_t i = 0; i < signature.size(); ++i) {
    bool meant = arg.name.text.empty() ? i == position : signature[i].name == arg.name.text;
    initial |= meant && signature[i].kind == ArgKind::Init;
  }
  if (!initial) return eval(*arg.value);
  std::optional<Init> init = initialiser(*arg.value);
  return init ? Val{*init, arg.value->loc} : poison(arg.value->loc);
}

Val Elaborator::call_layer(const LayerRow& row, Given given, Loc loc,
                           const std::function<void(const LayerCall&)>& bound_call) {
  std::vector<LayerArg> signature = parse_signature(row.signature);
  Bound bound = ArgumentBinder(row, signature, diag_).bind(given, loc);
  if (bound.failed) return poison(loc);
  std::vector<Val> operands;
  for (const auto& [arg, val] : given) {
    if (val.poisoned()) return poison(loc);
    operands.push_back(val);
  }
  try {
    NetScope scope(net_, net_.unique(std::string(row.name)));
    std::vector<ArgValue> values;
    for (size_t i = 0; i < signature.size(); ++i) {
      values.push_back(bound.values[i].empty() ? signature[i].fallback
                                               : layer_argument(signature[i], bound.values[i], operands));
    }
    for (size_t i = 0; i < signature.size(); ++i) {
      if (bound.values[i].empty() || !std::holds_alternative<std::monostate>(values[i])) continue;
      diag_
          .error("bad-argument", bound.values[i][0].first->value->loc,
                 fmt::format("{}'s '{}' is {}, not {}", row.name, signature[i].name,
                             expected(signature[i].kind), describe(bound.values[i][0].second)))
          .with_help(usage(row));
      return poison(loc);
    }
    Many results;
    LayerCall call(net_, signature, values);
    for (Value v : row.build(call)) results.items.push_back(result(v, loc));
    if (bound_call) bound_call(call);
    if (results.items.size() == 1) return results.items[0];
    return {std::move(results), loc};
  } catch (const Error& e) {
    if (dynamic_cast<const PoisonUsed*>(&e)) return poison(loc);
    return fail("layer", loc, named_error(row.name, e), operands);
  }
}

// A number among tensors takes the type of the first that is no condition.
ArgValue Elaborator::layer_argument(const LayerArg& arg, const Given& given,
                                    const std::vector<Val>& operands) {
  DType type = DType::Bool;
  for (const Val& v : operands) {
    if (type == DType::Bool && v.as<TensorVal>()) type = type_of(v).dtype;
  }
  bool tensors =
      std::any_of(operands.begin(), operands.end(), [](const Val& v) { return v.as<TensorVal>(); });
  if (!tensors) type = DType::F32;
  auto is_tensor = [](const Val& v) { return v.as<TensorVal>() || v.is_number() || v.as<bool>(); };
  if (arg.kind == ArgKind::Tensor && is_vector(given[0].second)) return tensor(given[0].second, type);
  if (arg.kind == ArgKind::Tensor)
    return is_tensor(given[0].second) ? ArgValue(tensor(given[0].second, type)) : ArgValue();
  if (arg.kind != ArgKind::Tensors) return convert(arg.kind, given[0].second);
  std::vector<Value> out;
  for (const auto& [from, val] : given) {
    for (const Val& item : items_of(val)) {
      if (!is_tensor(item)) return {};
      out.push_back(tensor(item, type));
    }
  }
  return out.empty() ? ArgValue() : ArgValue(out);
}

}  // namespace nnc
