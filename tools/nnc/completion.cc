// nnc completion SHELL: prints a script that completes commands, options, choices and files.
#include "tools/nnc/completion.h"

#include <fmt/format.h>

#include "tools/nnc/help.h"

namespace nnc::tool {
namespace {

CompletedValue value_of(const CLI::Option& option) {
  using Kind = CompletedValue::Kind;
  CompletedValue out;
  std::string type = value_name(option);
  if (type.empty()) return out;
  out.choices = choices_of(option);
  out.list = option.get_delimiter() != 0;
  if (!out.choices.empty())
    out.kind = Kind::Choice;
  else if (type.starts_with("FILE") || type == "PATH")
    out.kind = Kind::File;
  else
    out.kind = type == "FOLDER" ? Kind::Folder : Kind::Word;
  if (type.starts_with("FILE.")) out.extension = type.substr(4);
  return out;
}

CompletedCommand completed(const CLI::App& app, std::vector<std::string> path) {
  CompletedCommand out{std::move(path), app.get_description(), {}, {}, {}};
  for (const CLI::Option* o : app.get_options()) {
    if (o->get_positional())
      out.arguments.push_back(value_of(*o));
    else
      out.options.push_back({option_names(*o), o->get_description(), value_of(*o)});
  }
  for (const CLI::App* sub : app.get_subcommands({})) out.commands.push_back(sub->get_name());
  return out;
}

void collect(const CLI::App& app, const std::vector<std::string>& path, std::vector<CompletedCommand>& out) {
  out.push_back(completed(app, path));
  for (const CLI::App* sub : app.get_subcommands({})) {
    std::vector<std::string> inner = path;
    inner.push_back(sub->get_name());
    collect(*sub, inner, out);
  }
}

struct Shell {
  const char* name;
  std::string (*script)(const std::vector<CompletedCommand>&);
};
constexpr Shell kShells[] = {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

void run(const CLI::App& app, const std::string& shell) {
  for (const Shell& s : kShells) {
    if (s.name == shell) fmt::print("{}", s.script(completed_commands(app)));
  }
}

}  // namespace

std::string CompletedCommand::name() const { return CLI::detail::join(path, " "); }

std::vector<CompletedCommand> completed_commands(const CLI::App& app) {
  std::vector<CompletedCommand> out;
  collect(app, {}, out);
  return out;
}

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = add_command(
      app, group::kSetup, "completion", "A script that lets a shell complete commands, options and files",
      {{"source <(nnc completion bash)", "bash: in this shell; as a line of ~/.bashrc, in every one"},
       {"nnc completion zsh > ~/.zfunc/_nnc", "zsh: where ~/.zfunc is a folder of fpath, before compinit"},
       {"nnc completion fish > ~/.config/fish/completions/nnc.fish", "fish"}});
  std::vector<std::string> names;
  for (const Shell& s : kShells) names.emplace_back(s.name);
  command->add_option("shell", *shell, "The shell")->required()->check(one_of(names));
  command->callback([&app, shell] { run(app, *shell); });
}

}  // namespace nnc::tool
