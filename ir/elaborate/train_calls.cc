// Calls in a train block: who is meant, arguments bound and converted, and settings from outside.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/arguments.h"
#include "ir/elaborate/elaborator.h"

namespace nnc {
namespace {

CallArg call_arg(const ArgValue& value) {
  if (const auto* x = std::get_if<int64_t>(&value)) return *x;
  if (const auto* x = std::get_if<double>(&value)) return *x;
  if (const auto* x = std::get_if<bool>(&value)) return *x;
  if (const auto* x = std::get_if<std::string>(&value)) return *x;
  if (const auto* x = std::get_if<std::vector<int64_t>>(&value)) return *x;
  if (const auto* x = std::get_if<std::vector<std::string>>(&value)) return *x;
  return std::monostate();
}

const CallRow* find_row(std::span<const CallRow> rows, std::string_view name) {
  auto it = std::ranges::find(rows, name, &CallRow::name);
  return it == rows.end() ? nullptr : &*it;
}

/// One value, or where an argument takes several, all of them as a list.
Val together(const Given& given) {
  if (given.size() == 1) return given[0].second;
  Many all;
  for (const auto& [arg, val] : given) all.items.push_back(val);
  return {std::move(all), given[0].second.loc};
}

std::vector<std::string> names_of(std::span<const CallRow> rows) {
  std::vector<std::string> out;
  for (const CallRow& row : rows) out.emplace_back(row.name);
  return out;
}

}  // namespace

std::vector<CallSpec> Elaborator::read_calls(const ast::TrainEntry& e, std::span<const CallRow> rows,
                                             const char* what, const char* example) {
  if (e.typed || e.values.empty())
    diag_.error("bad-value", e.key.loc, fmt::format("'{}' takes {}, such as {}", e.key.text, what, example));
  std::vector<CallSpec> out;
  for (const ast::ExprPtr& value : e.values) {
    if (auto call = read_call(*value, rows, what, example)) out.push_back(std::move(*call));
  }
  return out;
}

std::optional<CallSpec> Elaborator::read_call(const ast::Expr& e, std::span<const CallRow> rows,
                                              const char* what, const char* example) {
  const ast::Call* call = e.as<ast::Call>();
  const ast::Ref* name = (call ? *call->callee : e).as<ast::Ref>();
  if (name == nullptr) {
    diag_.error("bad-value", e.loc, fmt::format("this is not {}, such as {}", what, example));
    return std::nullopt;
  }
  const CallRow* row = find_row(rows, name->name);
  if (row == nullptr) {
    diag_
        .error("unknown-function", call ? call->callee->loc : e.loc,
               fmt::format("'{}' is not {}, such as {}", name->name, what, example))
        .suggest(name->name, names_of(rows));
    return std::nullopt;
  }
  static const std::vector<ast::Arg> kNone;
  return bind_call(*row, call ? call->args : kNone, e.loc);
}

std::optional<CallSpec> Elaborator::bind_call(const CallRow& row, const std::vector<ast::Arg>& args,
                                              Loc loc) {
  Given given;
  bool sound = true;
  for (const ast::Arg& arg : args) {
    given.emplace_back(&arg, constant(*arg.value, "an argument"));
    sound &= !given.back().second.poisoned();
  }
  Callee callee{row.name, row.signature};
  std::vector<LayerArg> signature = parse_signature(row.signature);
  Bound bound = bind_arguments(callee, signature, given, loc, diag_);
  if (bound.failed || !sound) return std::nullopt;
  CallSpec out{std::string(row.name), {}, loc};
  for (size_t i = 0; i < signature.size(); ++i) {
    CallArg value = call_arg(signature[i].fallback);
    if (!bound.values[i].empty() && !convert_call_arg(row, signature[i], together(bound.values[i]), value))
      return std::nullopt;
    out.args.emplace_back(signature[i].name, std::move(value));
  }
  return check_call(row, out) ? std::optional(std::move(out)) : std::nullopt;
}

bool Elaborator::convert_call_arg(const CallRow& row, const LayerArg& arg, const Val& given, CallArg& into) {
  into = call_arg(convert_argument(arg.kind, given));
  if (!std::holds_alternative<std::monostate>(into)) return true;
  diag_
      .error(
          "bad-argument", given.loc,
          fmt::format("{}'s '{}' is {}, not {}", row.name, arg.name, expected_of(arg.kind), describe(given)))
      .with_help(Callee{row.name, row.signature}.usage());
  return false;
}

bool Elaborator::check_call(const CallRow& row, const CallSpec& call) {
  std::string fault = row.check ? row.check(call) : "";
  if (!fault.empty()) diag_.error("bad-value", call.loc, fault);
  return fault.empty();
}

void Elaborator::override_calls(const char* key, std::vector<CallSpec>& calls,
                                std::span<const CallRow> rows) {
  for (CallSpec& call : calls) {
    const CallRow& row = *find_row(rows, call.name);
    bool changed = false;
    for (const LayerArg& arg : parse_signature(row.signature)) {
      auto v = settings_.find(fmt::format("train.{}.{}.{}", key, call.name, arg.name));
      changed |= v && convert_call_arg(row, arg, *v, call.at(arg.name));
    }
    if (changed) check_call(row, call);
  }
}

}  // namespace nnc
