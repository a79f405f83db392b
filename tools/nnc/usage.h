// What is wrong with a command line, and what was probably meant.
#pragma once

#include <string>
#include <vector>

#include "tools/nnc/command.h"

namespace nnc::tool {

struct UsageError {
  std::string message;
  std::vector<std::string> notes;
};

/// Why `app` could not be parsed. A word that nothing takes comes first: it explains what seems to be missing.
UsageError explain_usage(const CLI::App& app, const CLI::ParseError& e);

}  // namespace nnc::tool
