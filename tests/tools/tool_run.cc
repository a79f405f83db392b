#include "tests/tools/tool_run.h"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace nnc {

namespace fs = std::filesystem;

Outcome run_command(const std::string& command, const std::string& input) {
  FILE* pipe = popen((command + " 2>&1 <" + input).c_str(), "r");
  Outcome out;
  std::array<char, 4096> buffer;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.text.append(buffer.data(), n);
  int raw = pclose(pipe);
  out.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
  return out;
}

Outcome run(const std::string& arguments, const std::string& input) {
  return run_command(std::string(NNC_TOOL) + " " + arguments, input);
}

std::string run_in_terminal(const std::string& arguments, const std::string& interrupt_at) {
  winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", (std::string("exec ") + NNC_TOOL + " " + arguments).c_str(), nullptr);
    _exit(127);
  }
  std::string out;
  std::array<char, 4096> buffer;
  bool pressed = interrupt_at.empty();
  for (ssize_t n; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    out.append(buffer.data(), n);
    if (!pressed && out.find(interrupt_at) != std::string::npos) pressed = ::write(terminal, "\x03", 1) == 1;
  }
  waitpid(child, nullptr, 0);
  close(terminal);
  return out;
}

std::string example(const std::string& name) { return std::string(NNC_SOURCE_DIR) + "/examples/" + name; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

Tool::Tool() {
  std::string pattern = (fs::temp_directory_path() / "nnc_test_XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
}

Tool::~Tool() { fs::remove_all(folder_); }

std::string Tool::file(const std::string& name, const std::string& text) {
  std::ofstream(folder_ / name) << text;
  return path(name);
}

const char* const kSmall = R"(model Small {
  input image: u8[B, 28, 28]
  h = relu(linear(flatten(cast(image, f32) / 255), 16))
  output logits = linear(h, 10)
}
train Small {
  data      digits(n = 300, seed = 1)
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  optimizer adam(lr = 1e-3)
  batch     64
  epochs    2
  seed      0
}
)";

}  // namespace nnc
