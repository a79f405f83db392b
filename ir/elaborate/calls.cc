// Calls of layers and blocks: who is meant, and what its arguments are worth.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/arguments.h"
#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

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
    report_unknown_function(name->name, (formals ? formals : &call)->callee->loc);
  } else if (formals) {
    diag_.error("not-a-function", call.callee->loc,
                fmt::format("{} is a layer, and what it gives is no function", row->name));
  }
  // Evaluated even for an unknown function, to find the mistakes inside.
  Given given = eval_arguments(row, call);
  if (row == nullptr || formals) return poison(loc);
  return call_layer(*row, std::move(given), loc);
}

void Elaborator::report_unknown_function(const std::string& name, Loc loc) {
  Diagnostic& d = diag_.error("unknown-function", loc, fmt::format("there is no layer or block '{}'", name));
  if (find_measure(name))
    d.with_help(fmt::format("{} is a metric over a whole set: it stands alone in a metric line", name));
  else
    d.suggest(name, function_names(declarations_, contexts_.empty()));
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
  Callee callee{row.name, row.signature};
  Bound bound = bind_arguments(callee, signature, given, loc, diag_);
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
                             expected_of(signature[i].kind), describe(bound.values[i][0].second)))
          .with_help(callee.usage());
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
  if (arg.kind != ArgKind::Tensors) return convert_argument(arg.kind, given[0].second);
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
