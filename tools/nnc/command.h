// What every subcommand is: a function that adds itself to the command line and a callback that does the work.
// A callback throws Error for what the user's file, data or arguments have wrong (exit status 1), and Verification
// for a result that is not what it must be (3).
#pragma once

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace nnc::tool {

/// Exit statuses of the tool.
enum ExitStatus : int { kDone = 0, kUserError = 1, kUsage = 2, kVerificationFailed = 3, kInterrupted = 130 };

/// The errors have been printed already; only the status is left to give.
struct Reported {
  int status = kUserError;
};

// One per subcommand, each in the file of its name.
void add_check(CLI::App& app);
void add_show(CLI::App& app);
void add_train(CLI::App& app);
void add_eval(CLI::App& app);
void add_predict(CLI::App& app);
void add_opt(CLI::App& app);
void add_bench(CLI::App& app);
void add_cache(CLI::App& app);

}  // namespace nnc::tool
