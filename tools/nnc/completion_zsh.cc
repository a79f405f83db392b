// Completion for zsh: a function per command, which _arguments drives.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/nnc/completion.h"

namespace nnc::tool {
namespace {

// In single quotes, with what _arguments and _describe give a meaning to made plain.
std::string plain(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string action(const CompletedValue& value) {
  using Kind = CompletedValue::Kind;
  switch (value.kind) {
    case Kind::Choice:
      return value.list ? fmt::format(":value:_values -s , value {}", fmt::join(value.choices, " "))
                        : fmt::format(":value:({})", fmt::join(value.choices, " "));
    case Kind::File:
      return value.extension.empty() ? ":file:_files"
                                     : fmt::format(":file:_files -g \"*{}\"", value.extension);
    case Kind::Folder:
      return ":folder:_files -/";
    case Kind::Word:
      return ":value: ";
    case Kind::None:
      break;
  }
  return "";
}

std::string function_name(const CompletedCommand& c) {
  return c.path.empty() ? "_nnc"
                        : "_nnc_" + CLI::detail::find_and_replace(CLI::detail::join(c.path, "_"), "-", "_");
}

std::string option_specs(const CompletedCommand& c) {
  std::string out;
  for (const CompletedOption& o : c.options) {
    for (const std::string& name : o.names) {
      const char* equals = name.starts_with("--") && !action(o.value).empty() ? "=" : "";
      out += fmt::format(" \\\n    '*{}{}[{}]{}'", name, equals, plain(o.doc), action(o.value));
    }
  }
  return out;
}

const CompletedCommand& inner(const std::vector<CompletedCommand>& all, const CompletedCommand& c,
                              const std::string& name) {
  std::vector<std::string> path = c.path;
  path.push_back(name);
  return *std::find_if(all.begin(), all.end(),
                       [&](const CompletedCommand& other) { return other.path == path; });
}

// A command with commands inside it: their names, then what each wants.
std::string dispatching(const std::vector<CompletedCommand>& all, const CompletedCommand& c) {
  std::string names, cases;
  for (const std::string& name : c.commands) {
    const CompletedCommand& sub = inner(all, c, name);
    names += fmt::format("\n    '{}:{}'", name, plain(sub.doc));
    cases += fmt::format("        {}) {} ;;\n", name, function_name(sub));
  }
  return fmt::format(
      "{}() {{\n  local context state state_descr line\n  typeset -A opt_args\n  local -a commands=({})\n  "
      "_arguments -C{} \\\n"
      "    '1: :->command' '*:: :->rest'\n  case $state in\n    command) _describe command commands ;;\n    "
      "rest)\n      case "
      "$words[1] in\n{}      esac ;;\n  esac\n}}\n\n",
      function_name(c), names, option_specs(c), cases);
}

std::string plain_command(const CompletedCommand& c) {
  std::string arguments;
  for (const CompletedValue& a : c.arguments) arguments += fmt::format(" \\\n    '*{}'", action(a));
  return fmt::format("{}() {{\n  _arguments{}{}\n}}\n\n", function_name(c), option_specs(c), arguments);
}

}  // namespace

std::string zsh_completion(const std::vector<CompletedCommand>& commands) {
  std::string out = "#compdef nnc\n# zsh completion for nnc: nnc completion zsh > FOLDER_OF_FPATH/_nnc\n\n";
  for (const CompletedCommand& c : commands)
    out += c.commands.empty() ? plain_command(c) : dispatching(commands, c);
  return out + "if [[ $funcstack[1] == _nnc ]]; then\n  _nnc \"$@\"\nelse\n  compdef _nnc nnc\nfi\n";
}

}  // namespace nnc::tool
