#include "tools/nnc/command.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"
#include "tools/nnc/help.h"

namespace nnc::tool {

CLI::App* add_command(CLI::App& app, const char* group, const char* name, const char* summary,
                      const std::vector<Example>& examples) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->group(group);
  command->footer(examples_text(examples));
  return command;
}

CLI::Validator one_of(std::vector<std::string> choices) {
  std::string list = fmt::format("{{{}}}", fmt::join(choices, ","));
  auto check = [choices = std::move(choices)](std::string& word) -> std::string {
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return "";
    std::string message = choices.size() > kManyChoices
                              ? fmt::format("there is no '{}'", word)
                              : fmt::format("'{}' is none of {}", word, fmt::join(choices, ", "));
    if (auto meant = suggest(word, choices)) message += fmt::format("; did you mean '{}'?", *meant);
    return message;
  };
  return CLI::Validator(std::move(check), std::move(list));
}

std::unique_ptr<CLI::App> make_app() {
  auto app =
      std::make_unique<CLI::App>("nnc compiles neural networks to native training code and trains them");
  app->name("nnc");
  app->formatter_fn(help_text);
  app->set_help_flag("-h,--help", "What a command does, its options, examples");
  app->set_version_flag("--version", "nnc 0.1.0", "The version");
  app->require_subcommand(1);
  for (auto add : {add_new, add_check, add_show, add_train, add_eval, add_sweep, add_predict, add_explain,
                   add_opt, add_bench, add_cache, add_completion, add_doctor, add_explain_error, add_help})
    add(*app);
  app->footer(
      "nnc COMMAND --help shows a command's options and examples.\n"
      "Exit status: 0 done, 1 the model file, the data or a value is wrong, 2 the command line is, 3 a check "
      "failed, 130 interrupted.");
  return app;
}

}  // namespace nnc::tool
