// Runs that die at any instant: a process is killed (SIGKILL) at random moments and resumed until it is done; its weights
// are those of a run that was left alone, byte for byte, and its log has
// every epoch once. NNC_KILLS says how often, 20 unless told otherwise.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;

constexpr std::string_view kModel = R"(model Small {
  input image: u8[B, 28, 28]
  h = dropout(relu(linear(flatten(cast(image, f32) / 255), 8)), 0.2)
  output logits = linear(h, 10)
}
train Small {
  data      digits(n = 200, seed = 1)
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  optimizer adam(lr = 1e-3)
  batch     16
  epochs    8
}
)";

pid_t start(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  pid_t child = fork();
  if (child != 0) return child;
  int null = open("/dev/null", O_WRONLY);
  dup2(null, STDOUT_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
}

// The exit status, or -1 where it had to be killed.
int wait_or_kill(pid_t child, Seconds patience) {
  auto end = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool has_checkpoint(const std::string& folder) {
  if (!fs::exists(folder)) return false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& p = entry.path();
    if (p.filename().string().starts_with("step-") && p.extension() == ".safetensors") return true;
  }
  return false;
}

// The first characters of the lines behind the header.
std::string logged_epochs(const std::string& csv) {
  std::string out;
  for (size_t end = csv.find('\n'); end + 1 < csv.size(); end = csv.find('\n', end + 1)) out += csv[end + 1];
  return out;
}

TEST(Kill, ResumedAfterEveryKillARunEndsInTheSameBytes) {
  const char* wanted = std::getenv("NNC_KILLS");
  int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  TestFolder folder;
  std::string model = folder.write("small.nn", kModel), out = folder.file("out.safetensors");
  std::vector<std::string> command{NNC_TOOL, "train", model, "--threads", "1", "-o", out};
  constexpr Seconds kLong(300);
  auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(wait_or_kill(start(command), kLong), 0);
  std::string want = slurp(out);
  command.insert(command.end(), {"--checkpoint", folder.file("run"), "--checkpoint-every", "1steps"});
  command.insert(command.end(), {"--csv", folder.file("log.csv")});
  double whole = Seconds(std::chrono::steady_clock::now() - begin).count();

  std::mt19937 random(11);
  std::uniform_real_distribution<double> instant(0, 1.5 * whole);
  int done = 0, finished = 0;
  while (done < kills || finished == 0) {
    std::vector<std::string> again = command;
    if (has_checkpoint(folder.file("run"))) again.insert(again.end(), {"--resume", folder.file("run")});
    int status = wait_or_kill(start(again), done < kills ? Seconds(instant(random)) : kLong);
    ASSERT_TRUE(status == 0 || status == -1) << status;
    done += status == -1;
    if (status != 0) continue;
    ++finished;
    EXPECT_TRUE(slurp(out) == want) << "after " << done << " kills";
    EXPECT_EQ(logged_epochs(slurp(folder.file("log.csv"))), "12345678") << "after " << done << " kills";
    fs::remove_all(folder.file("run"));
  }
}

}  // namespace
}  // namespace nnc
