// Ctrl-C: a run finishes its step, saves, and says how to go on. The second one ends the process at once.
#pragma once

#include <string>

#include "tools/nnc/command.h"

namespace nnc::tool {

/// From here on an interrupt (Ctrl-C, or a polite kill) only raises the flag below.
void watch_for_interrupts();
bool interrupted();

/// Where an interrupted run that keeps no checkpoints saves: a name beside its output, or, without one, in the current
/// folder after the model file; one that no file has yet.
std::string free_checkpoint_name(const std::string& model_file, const std::string& output);

/// The command line as it was given; quoted for a shell.
std::string given_command(const CLI::App& command);
/// The same, but going on from `checkpoint`.
std::string resume_command(const CLI::App& command, const std::string& checkpoint);

}  // namespace nnc::tool
