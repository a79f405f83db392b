// What --help prints, made of the definition of the command line.
#pragma once

#include <string>
#include <vector>

#include "tools/nnc/command.h"

namespace nnc::tool {

/// The help of `app`, which is called as `name`: usage, arguments, options with defaults, subcommands, examples.
std::string help_text(const CLI::App* app, std::string name, CLI::AppFormatMode mode);

/// Words of `text` in lines from column `indent` to the width of the help, the first line begun already.
std::string wrapped(const std::string& text, size_t indent);

/// What ends the help of a command.
std::string examples_text(const std::vector<Example>& examples);

/// "-o" and "--output".
std::vector<std::string> option_names(const CLI::Option& option);
/// What stands for the value of an option: "FILE.nn", "fused|unfused", "N"; empty for a flag.
std::string value_name(const CLI::Option& option);
/// More choices than these are not spelt out.
constexpr size_t kManyChoices = 11;
/// The values of an option that has a choice of them, else none.
std::vector<std::string> choices_of(const CLI::Option& option);

}  // namespace nnc::tool
