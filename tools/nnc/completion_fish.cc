// Completion for fish: a `complete` line per command, option and argument.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/nnc/completion.h"

namespace nnc::tool {
namespace {

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

// fish completes the last of several words joined by commas by itself.
std::string action(const CompletedValue& value) {
  using Kind = CompletedValue::Kind;
  switch (value.kind) {
    case Kind::Choice:
      return fmt::format(" -x -a {}", in_quotes(fmt::format("{}", fmt::join(value.choices, " "))));
    case Kind::File:
      return value.extension.empty() ? " -r -F"
                                     : fmt::format(" -x -a '(__fish_complete_suffix {})'", value.extension);
    case Kind::Folder:
      return " -x -a '(__fish_complete_directories)'";
    case Kind::Word:
      return " -x";
    case Kind::None:
      break;
  }
  return "";
}

// When the words so far are those of the command: those on the way were seen, and none of those inside it.
std::string condition(const CompletedCommand& c) {
  std::string out = c.path.empty() ? ""
                                   : "__fish_seen_subcommand_from " +
                                         CLI::detail::join(c.path, "; and __fish_seen_subcommand_from ");
  if (c.commands.empty()) return in_quotes(out);
  return in_quotes(fmt::format("{}not __fish_seen_subcommand_from {}", out.empty() ? "" : out + "; and ",
                               fmt::join(c.commands, " ")));
}

std::string option_line(const CompletedCommand& c, const CompletedOption& o) {
  std::string names;
  for (const std::string& name : o.names) {
    if (name.starts_with("--"))
      names += " -l " + name.substr(2);
    else
      names += (name.size() == 2 ? " -s " : " -o ") + name.substr(1);
  }
  return fmt::format("complete -c nnc -n {}{} -d {}{}\n", condition(c), names, in_quotes(o.doc),
                     action(o.value));
}

}  // namespace

std::string fish_completion(const std::vector<CompletedCommand>& commands) {
  std::string out =
      "# fish completion for nnc: nnc completion fish > ~/.config/fish/completions/nnc.fish\n\ncomplete -c "
      "nnc -f\n";
  for (const CompletedCommand& c : commands) {
    for (const CompletedCommand& sub : commands) {
      if (sub.path.size() != c.path.size() + 1 || !std::equal(c.path.begin(), c.path.end(), sub.path.begin()))
        continue;
      out += fmt::format("complete -c nnc -n {} -a {} -d {}\n", condition(c), sub.path.back(),
                         in_quotes(sub.doc));
    }
    for (const CompletedOption& o : c.options) out += option_line(c, o);
    for (const CompletedValue& a : c.arguments)
      out += fmt::format("complete -c nnc -n {}{}\n", condition(c), action(a));
  }
  return out;
}

}  // namespace nnc::tool
