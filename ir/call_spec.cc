#include "ir/call_spec.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace nnc {
namespace {

std::string text_of(const CallArg& value) {
  if (const auto* x = std::get_if<int64_t>(&value)) return fmt::format("{}", *x);
  if (const auto* x = std::get_if<double>(&value)) return fmt::format("{}", *x);
  if (const auto* x = std::get_if<bool>(&value)) return *x ? "true" : "false";
  if (const auto* x = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *x);
  if (const auto* x = std::get_if<std::vector<int64_t>>(&value))
    return fmt::format("[{}]", fmt::join(*x, ", "));
  if (const auto* x = std::get_if<std::vector<std::string>>(&value))
    return fmt::format("[\"{}\"]", fmt::join(*x, "\", \""));
  return "none";
}

double number_of(const CallArg& value) {
  if (const auto* x = std::get_if<int64_t>(&value)) return static_cast<double>(*x);
  return std::get<double>(value);
}

}  // namespace

bool CallSpec::has(std::string_view arg) const {
  return std::ranges::any_of(args, [&](const auto& a) { return a.first == arg; });
}

const CallArg& CallSpec::at(std::string_view arg) const {
  auto it = std::ranges::find(args, arg, [](const auto& a) { return std::string_view(a.first); });
  assert(it != args.end());
  return it->second;
}

CallArg& CallSpec::at(std::string_view arg) { return const_cast<CallArg&>(std::as_const(*this).at(arg)); }

std::string CallSpec::str() const {
  std::string out;
  for (const auto& [arg, value] : args)
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", arg, text_of(value));
  return fmt::format("{}({})", name, out);
}

std::string above_zero(const CallSpec& call, std::string_view arg) {
  if (!call.given(arg) || number_of(call.at(arg)) > 0) return "";
  return fmt::format("{}'s '{}' is a number above 0, not {}", call.name, arg, text_of(call.at(arg)));
}

std::string at_least(const CallSpec& call, std::string_view arg, double least) {
  if (!call.given(arg) || (number_of(call.at(arg)) >= least && std::isfinite(number_of(call.at(arg)))))
    return "";
  return fmt::format("{}'s '{}' is a number of at least {}, not {}", call.name, arg, least,
                     text_of(call.at(arg)));
}

std::string within(const CallSpec& call, std::string_view arg, double least, double most) {
  if (!call.given(arg) || (number_of(call.at(arg)) >= least && number_of(call.at(arg)) <= most)) return "";
  return fmt::format("{}'s '{}' is a number from {} to {}, not {}", call.name, arg, least, most,
                     text_of(call.at(arg)));
}

std::string one_of(const CallSpec& call, std::string_view arg,
                   std::initializer_list<std::string_view> choices) {
  if (!call.given(arg) || std::ranges::count(choices, call.text(arg)) > 0) return "";
  return fmt::format("{}'s '{}' is one of \"{}\", not {}", call.name, arg, fmt::join(choices, "\", \""),
                     text_of(call.at(arg)));
}

std::string first_fault(std::initializer_list<std::string> faults) {
  for (const std::string& fault : faults) {
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string str(std::span<const CallSpec> calls) {
  std::string out;
  for (const CallSpec& call : calls) out += (out.empty() ? "" : ", ") + call.str();
  return out.empty() ? "none" : out;
}

}  // namespace nnc
