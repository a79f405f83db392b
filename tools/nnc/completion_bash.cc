// Completion for bash. `--mode=fu` reaches it as three words, since bash breaks words at `=`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/nnc/completion.h"

namespace nnc::tool {
namespace {

constexpr const char* kHead = R"(# bash completion for nnc: source <(nnc completion bash)

# Files of an extension (any where it is empty), and the folders on the way to them.
_nnc_files() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -X "!*$1" -- "$cur") $(compgen -d -- "$cur"))
  [[ -n $1 ]] || COMPREPLY=($(compgen -f -- "$cur"))
}

_nnc_folders() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -d -- "$cur"))
}

_nnc_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }

# The last of several, behind its comma.
_nnc_list() {
  local head=
  [[ $cur != *,* ]] || head=${cur%,*},
  COMPREPLY=($(compgen -P "$head" -W "$1" -- "${cur##*,}"))
}

_nnc() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word next
  COMPREPLY=()
  [[ $cur != = ]] || cur=
  [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD-2]}
  [[ ${COMP_WORDS[COMP_CWORD]} != = ]] || prev=${COMP_WORDS[COMP_CWORD-1]}
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="${command:+$command }$word"
    case "$next" in
      %COMMANDS%) command=$next ;;
      *) break ;;
    esac
  done
)";

std::string action(const CompletedValue& value) {
  using Kind = CompletedValue::Kind;
  switch (value.kind) {
    case Kind::Choice:
      return fmt::format("{} \"{}\"", value.list ? "_nnc_list" : "_nnc_words", fmt::join(value.choices, " "));
    case Kind::File:
      return fmt::format("_nnc_files \"{}\"", value.extension);
    case Kind::Folder:
      return "_nnc_folders";
    case Kind::Word:
    case Kind::None:
      break;
  }
  return "return";
}

// A value where the word before is an option that takes one.
std::string value_cases(const std::vector<CompletedCommand>& commands) {
  std::string out = "  case \"$command $prev\" in\n";
  for (const CompletedCommand& c : commands) {
    for (const CompletedOption& o : c.options) {
      if (o.value.kind == CompletedValue::Kind::None) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : o.names) patterns.push_back(fmt::format("\"{} {}\"", c.name(), name));
      out += fmt::format("    {}) {}; return ;;\n", fmt::join(patterns, "|"), action(o.value));
    }
  }
  return out + "  esac\n";
}

std::string option_words(const CompletedCommand& c) {
  std::vector<std::string> words;
  for (const CompletedOption& o : c.options) words.insert(words.end(), o.names.begin(), o.names.end());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string option_cases(const std::vector<CompletedCommand>& commands) {
  std::string out = "  case \"$command\" in\n";
  for (const CompletedCommand& c : commands)
    out += fmt::format("    \"{}\") _nnc_words \"{}\" ;;\n", c.name(), option_words(c));
  return out + "  esac\n";
}

std::string argument_cases(const std::vector<CompletedCommand>& commands) {
  std::string out = "  case \"$command\" in\n";
  for (const CompletedCommand& c : commands) {
    if (!c.commands.empty())
      out += fmt::format("    \"{}\") _nnc_words \"{}\" ;;\n", c.name(), fmt::join(c.commands, " "));
    else if (!c.arguments.empty())
      out += fmt::format("    \"{}\") {} ;;\n", c.name(), action(c.arguments[0]));
  }
  return out + "  esac\n";
}

}  // namespace

std::string bash_completion(const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> names;
  for (const CompletedCommand& c : commands) {
    if (!c.path.empty()) names.push_back("\"" + c.name() + "\"");
  }
  std::string out =
      CLI::detail::find_and_replace(kHead, "%COMMANDS%", fmt::format("{}", fmt::join(names, "|")));
  out += value_cases(commands);
  out += "  if [[ $cur == -* ]]; then\n" + option_cases(commands) + "    return\n  fi\n";
  return out + argument_cases(commands) + "}\n\ncomplete -F _nnc nnc\n";
}

}  // namespace nnc::tool
