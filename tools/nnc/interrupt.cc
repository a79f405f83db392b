#include "tools/nnc/interrupt.h"

#include <csignal>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "runtime/file.h"

namespace nnc::tool {
namespace {

volatile std::sig_atomic_t raised = 0;

extern "C" void on_interrupt(int) { raised = 1; }

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string command_without(const CLI::App& command, const std::set<std::string>& left_out) {
  std::string line = "nnc " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    std::string name = option->get_name();
    if (option->count() == 0 || left_out.count(name)) continue;
    bool flag = option->get_items_expected_max() == 0;
    for (const std::string& value : option->results()) {
      if (!option->get_positional()) line += " " + name;
      if (!flag) line += " " + quoted(value);
    }
  }
  return line;
}

}  // namespace

void watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  // The next one has its usual effect; what is being written to a slow terminal or disk meanwhile is written on.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return raised != 0; }

std::string free_checkpoint_name(const std::string& model_file, const std::string& output) {
  namespace fs = std::filesystem;
  fs::path base = output.empty() ? fs::path(model_file).stem() : fs::path(output).replace_extension();
  std::string name = base.string() + ".checkpoint.safetensors";
  for (int i = 2; file_exists(name); ++i)
    name = fmt::format("{}.checkpoint-{}.safetensors", base.string(), i);
  return name;
}

std::string given_command(const CLI::App& command) { return command_without(command, {}); }

std::string resume_command(const CLI::App& command, const std::string& checkpoint) {
  return command_without(command, {"--resume", "--weights"}) + " --resume " + quoted(checkpoint);
}

}  // namespace nnc::tool
