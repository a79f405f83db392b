#include "tools/nnc/help.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nnc::tool {
namespace {

constexpr size_t kWidth = 100, kColumn = 30;

// "  --name VALUE    what it is", on two lines where the name is long.
std::string entry(const std::string& left, const std::string& text) {
  std::string out = "  " + left;
  out += out.size() + 2 > kColumn ? "\n" + std::string(kColumn, ' ') : std::string(kColumn - out.size(), ' ');
  return out + wrapped(text, kColumn);
}

// CLI11 keeps the default of a list in brackets.
std::string default_text(const CLI::Option& o) {
  std::string text = o.get_default_str();
  return text.starts_with("[") && text.ends_with("]") ? text.substr(1, text.size() - 2) : text;
}

std::string option_entry(const CLI::Option& o) {
  std::string value = value_name(o);
  std::string left = o.get_positional() ? value
                                        : fmt::format("{}", fmt::join(option_names(o), ", ")) +
                                              (value.empty() ? "" : " " + value);
  std::string text = o.get_description();
  if (!value.empty() && !o.get_default_str().empty()) text += fmt::format(" [default: {}]", default_text(o));
  for (const CLI::Option* other : o.get_excludes()) text += fmt::format(" [not with {}]", other->get_name());
  return entry(left, text);
}

// What cannot be left out, then that there are options.
std::string usage(const CLI::App& app, const std::string& name) {
  std::string out = "Usage: " + name;
  for (const CLI::Option* o : app.get_options()) {
    if (o->get_positional())
      out += o->get_required() ? " " + value_name(*o) : fmt::format(" [{}]", value_name(*o));
    else if (o->get_required())
      out += fmt::format(" {} {}", o->get_name(), value_name(*o));
  }
  if (!app.get_subcommands({}).empty()) out += " COMMAND";
  return out + " [OPTIONS]\n";
}

std::string options_section(const CLI::App& app, bool positional, const char* title) {
  std::string out;
  for (const CLI::Option* o : app.get_options()) {
    if (o->get_positional() == positional) out += option_entry(*o);
  }
  return out.empty() ? "" : fmt::format("\n{}:\n{}", title, out);
}

std::string commands_section(const CLI::App& app) {
  std::vector<std::pair<std::string, std::string>> sections;  // title, entries
  for (const CLI::App* sub : app.get_subcommands({})) {
    auto at =
        std::find_if(sections.begin(), sections.end(), [&](auto& s) { return s.first == sub->get_group(); });
    if (at == sections.end()) at = sections.insert(sections.end(), {sub->get_group(), ""});
    at->second += entry(sub->get_name(), sub->get_description());
  }
  std::string out;
  for (const auto& [title, entries] : sections) out += fmt::format("\n{}:\n{}", title, entries);
  return out;
}

}  // namespace

std::vector<std::string> option_names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string wrapped(const std::string& text, size_t indent) {
  std::string out, line;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) {
      out += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line + "\n";
}

std::string help_text(const CLI::App* app, std::string name, CLI::AppFormatMode) {
  std::string out = wrapped(app->get_description(), 0) + "\n" + usage(*app, name);
  out += commands_section(*app);
  out += options_section(*app, true, "Arguments");
  out += options_section(*app, false, "Options");
  std::string footer = app->get_footer();
  return footer.empty() ? out : out + "\n" + footer + "\n";
}

std::string examples_text(const std::vector<Example>& examples) {
  std::string out = "Examples:";
  for (const Example& e : examples) out += fmt::format("\n  # {}\n  {}", e.does, e.line);
  return out;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  std::string type = option.get_type_name();
  size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

void add_help(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  CLI::App* command = add_command(app, group::kSetup, "help", "What a command does, its options, examples",
                                  {{"nnc help train", "the same as nnc train --help"}});
  command->add_option("command", *name, "The command")->type_name("COMMAND")->check(one_of(names));
  command->callback([&app, name] {
    const CLI::App& shown = name->empty() ? app : *app.get_subcommand(*name);
    fmt::print("{}", shown.help(name->empty() ? "" : app.get_name(), CLI::AppFormatMode::Normal));
  });
}

std::string value_name(const CLI::Option& option) {
  if (option.get_type_size() == 0 || option.get_items_expected_max() == 0) return "";
  std::vector<std::string> choices = choices_of(option);
  if (!choices.empty() && choices.size() <= kManyChoices)
    return fmt::format("{}{}", fmt::join(choices, "|"), option.get_delimiter() ? ",..." : "");
  std::string type = option.get_type_name();
  type = type.substr(0, type.find(':'));
  if (type == "INT" || type == "UINT") return "N";
  if (type == "FLOAT") return "X";
  return type;
}

}  // namespace nnc::tool
