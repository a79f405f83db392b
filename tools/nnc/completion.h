// Shell completion: what can be completed, taken from the definition of the command line, and a script of it per shell.
#pragma once

#include <string>
#include <vector>

#include "tools/nnc/command.h"

namespace nnc::tool {

/// What a value may be.
struct CompletedValue {
  enum class Kind : uint8_t { None, Word, Choice, File, Folder };
  Kind kind = Kind::None;
  std::vector<std::string> choices;
  std::string extension;  // of files, ".nn"; empty for any
  bool list = false;      // several choices, joined by commas
};

struct CompletedOption {
  std::vector<std::string> names;  // "-o", "--output"
  std::string doc;
  CompletedValue value;
};

struct CompletedCommand {
  std::vector<std::string> path;  // {"cache", "ls"}; empty for nnc itself
  std::string doc;
  std::vector<CompletedOption> options;
  std::vector<CompletedValue> arguments;
  std::vector<std::string> commands;  // by their last word

  std::string name() const;
};

/// nnc itself, then every command, each before those inside it.
std::vector<CompletedCommand> completed_commands(const CLI::App& app);

std::string bash_completion(const std::vector<CompletedCommand>& commands);
std::string zsh_completion(const std::vector<CompletedCommand>& commands);
std::string fish_completion(const std::vector<CompletedCommand>& commands);

}  // namespace nnc::tool
