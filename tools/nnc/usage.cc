#include "tools/nnc/usage.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/diagnostics.h"
#include "tools/nnc/help.h"

namespace nnc::tool {
namespace {

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

// The innermost command that was named.
const CLI::App& chosen(const CLI::App& app) {
  std::vector<CLI::App*> subs = app.get_subcommands();
  return subs.empty() ? app : chosen(*subs.back());
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* o : app.get_options()) {
    for (const std::string& name : o->get_lnames()) out.push_back(name);
  }
  return out;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* sub : app.get_subcommands({})) out.push_back(sub->get_name());
  return out;
}

const CLI::App& root_of(const CLI::App& app) { return app.get_parent() ? root_of(*app.get_parent()) : app; }

// "--epoch" of "--epoch=3", "epoch" of that.
std::string option_word(const std::string& word) { return word.substr(0, word.find('=')); }
std::string bare_name(const std::string& word) {
  std::string name = option_word(word);
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

// A name that is close, else the commands that have this very option.
std::vector<std::string> option_notes(const CLI::App& app, const std::string& word) {
  std::string name = bare_name(word);
  std::vector<std::string> own = long_names(app), notes;
  if (std::find(own.begin(), own.end(), name) != own.end())
    return {fmt::format("did you mean '--{}'?", name)};
  if (auto meant = suggest(name, own)) return {fmt::format("did you mean '--{}'?", *meant)};
  for (const CLI::App* sub : root_of(app).get_subcommands({})) {
    std::vector<std::string> theirs = long_names(*sub);
    if (sub != &app && std::find(theirs.begin(), theirs.end(), name) != theirs.end())
      notes.push_back(fmt::format("'{}' has one", full_name(*sub)));
  }
  return notes;
}

UsageError unknown_command(const CLI::App& app, const std::string& word) {
  UsageError out{fmt::format("there is no command '{} {}'", full_name(app), word), {}};
  if (auto meant = suggest(word, command_names(app)))
    out.notes.push_back(fmt::format("did you mean '{}'?", *meant));
  return out;
}

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// The first word that none of the commands on the way took. A misspelt command explains the options behind it, and a
// misspelt option other words, which may have been meant as its value.
std::optional<UsageError> unknown_in(const CLI::App& app) {
  std::vector<std::string> words = app.remaining();
  auto option = std::find_if(words.begin(), words.end(), is_option);
  auto other = std::find_if_not(words.begin(), words.end(), is_option);
  bool wants_command = app.get_require_subcommand_min() > app.get_subcommands().size();
  if (wants_command && other != words.end()) return unknown_command(app, *other);
  if (option != words.end())
    return UsageError{fmt::format("'{}' has no option '{}'", full_name(app), option_word(*option)),
                      option_notes(app, *option)};
  for (const CLI::App* sub : app.get_subcommands()) {
    if (auto found = unknown_in(*sub)) return found;
  }
  if (other != words.end())
    return UsageError{fmt::format("'{}' has no use for '{}'", full_name(app), *other), {}};
  return std::nullopt;
}

std::optional<UsageError> missing_in(const CLI::App& app) {
  for (const CLI::Option* o : app.get_options()) {
    if (!o->get_required() || o->count() > 0) continue;
    std::string name = o->get_positional() ? "" : o->get_name() + " ";
    return UsageError{fmt::format("'{}' wants {}{}", full_name(app), name, value_name(*o)), {}};
  }
  if (app.get_require_subcommand_min() <= app.get_subcommands().size()) return std::nullopt;
  std::string commands = CLI::detail::join(command_names(app), ", ");
  return UsageError{fmt::format("'{}' wants a command: {}", full_name(app), commands), {}};
}

// An option at the end, or before another, without its value.
std::optional<UsageError> valueless_in(const CLI::App& app, const CLI::ParseError& e) {
  std::string message = e.what(), name = message.substr(0, message.find(':'));
  const CLI::Option* option = app.get_option_no_throw(name);
  if (option == nullptr) return std::nullopt;
  return UsageError{fmt::format("'{}' wants a value: {} {}", full_name(app), name, value_name(*option)), {}};
}

}  // namespace

UsageError explain_usage(const CLI::App& app, const CLI::ParseError& e) {
  const CLI::App& command = chosen(app);
  std::optional<UsageError> out = unknown_in(app);
  if (!out && dynamic_cast<const CLI::RequiredError*>(&e) != nullptr) out = missing_in(command);
  if (!out && dynamic_cast<const CLI::ArgumentMismatch*>(&e) != nullptr) out = valueless_in(command, e);
  if (!out) out = UsageError{e.what(), {}};
  out->notes.push_back(fmt::format("{} --help shows its options, and examples", full_name(command)));
  return *out;
}

}  // namespace nnc::tool
