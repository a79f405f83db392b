// What every subcommand is: a function that adds itself to the command line and a callback that does the work.
// A callback throws Error for what the user's file, data or arguments have wrong (exit status 1), and Verification
// for a result that is not what it must be (3).
//
// The definition is also what --help, suggestions and shell completion are made of. An option's type_name says what its
// value is: "FILE.nn" a file of that extension, "FILE" or "PATH" any, "FOLDER", "{a,b}" one of these, else a word.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace nnc::tool {

/// Exit statuses of the tool.
enum ExitStatus : int { kDone = 0, kUserError = 1, kUsage = 2, kVerificationFailed = 3, kInterrupted = 130 };

/// The errors have been printed already; only the status is left to give.
struct Reported {
  int status = kUserError;
};

/// What subcommands are for, in the order in which `nnc --help` lists them.
namespace group {
constexpr const char *kModels = "Write a model", *kTraining = "Train and use it",
                     *kCompiler = "Look into the compiler", *kSetup = "Set up";
}

/// A command line that works as it stands in a checkout, and what it does.
struct Example {
  const char *line, *does;
};

/// A subcommand with what its --help begins and ends with.
CLI::App* add_command(CLI::App& app, const char* group, const char* name, const char* summary,
                      const std::vector<Example>& examples);

/// An option's value must be one of these; another is told which one was meant.
CLI::Validator one_of(std::vector<std::string> choices);

/// The whole command line.
std::unique_ptr<CLI::App> make_app();

// One per subcommand, each in the file of its name.
void add_new(CLI::App& app);
void add_check(CLI::App& app);
void add_show(CLI::App& app);
void add_train(CLI::App& app);
void add_sweep(CLI::App& app);
void add_eval(CLI::App& app);
void add_predict(CLI::App& app);
void add_explain(CLI::App& app);
void add_opt(CLI::App& app);
void add_bench(CLI::App& app);
void add_cache(CLI::App& app);
void add_completion(CLI::App& app);
void add_explain_error(CLI::App& app);
void add_doctor(CLI::App& app);
void add_help(CLI::App& app);

}  // namespace nnc::tool
