// Runs of the tool as its users start them: a process with arguments, output and an exit status, in a pipe or a terminal.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace nnc {

struct Outcome {
  int status = -1;
  std::string text;  // standard output and error together
};

/// A line of the shell, into a pipe, with the file to read from standard input.
Outcome run_command(const std::string& command, const std::string& input = "/dev/null");
/// The tool in the same way.
Outcome run(const std::string& arguments, const std::string& input = "/dev/null");
/// What it writes to a terminal of 80 columns, where Ctrl-C is pressed once `interrupt_at` has been shown.
std::string run_in_terminal(const std::string& arguments, const std::string& interrupt_at = "");

/// A model file of examples/.
std::string example(const std::string& name);
std::string read(const std::filesystem::path& path);
size_t count(const std::string& text, const std::string& what);

/// A folder of its own for each test.
class Tool : public testing::Test {
 protected:
  Tool();
  ~Tool() override;

  /// Writes the file and gives its path.
  std::string file(const std::string& name, const std::string& text);
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

/// A net small enough to train in a moment, of the digits 0 to 9.
extern const char* const kSmall;

}  // namespace nnc
