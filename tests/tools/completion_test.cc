// Completion as the shells do it: bash runs the script on command lines; zsh and fish, where they are installed, read theirs.
#include <gtest/gtest.h>

#include <sstream>

#include <fmt/format.h>

#include "tests/runtime/bad_files.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

using Words = std::vector<std::string>;

bool installed(const std::string& shell) { return run_command("command -v " + shell).status == 0; }

// What bash offers for the last of the words, in `folder`.
Words completions(const TestFolder& folder, const std::string& words) {
  std::string script = fmt::format(
      "cd {} && source <({} completion bash) && COMP_WORDS=({}) && COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) "
      "&& _nnc; "
      "printf \"%s\\n\" \"${{COMPREPLY[@]}}\"",
      folder.file(""), NNC_TOOL, words);
  Outcome o = run_command("bash --norc -c '" + script + "'");
  Words out;
  std::istringstream lines(o.text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) out.push_back(line);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Completion, BashOffersCommandsOptionsChoicesAndFilesByExtension) {
  if (!installed("bash")) GTEST_SKIP() << "bash is not installed";
  TestFolder folder;
  for (const char* name : {"net.nn", "my net.nn", "w.safetensors", "x.npy"}) folder.write(name, "");
  std::filesystem::create_directory(folder.file("data"));
  struct Row {
    const char* words;
    Words offered;
  };
  const Row rows[] = {
      {"nnc tra", {"train"}},
      {"nnc cache \"\"", {"clear", "ls", "stat"}},
      {"nnc cache ls --j", {"--json"}},
      {"nnc train --checkpoint-", {"--checkpoint-every", "--checkpoint-keep"}},
      {"nnc train net.nn --mode \"\"", {"fused", "interpreted", "unfused"}},
      {"nnc train net.nn --mode = fu", {"fused"}},
      {"nnc train net.nn --mode =", {"fused", "interpreted", "unfused"}},
      {"nnc bench net.nn --modes fused,unf", {"fused,unfused"}},
      {"nnc train \"\"", {"data", "my net.nn", "net.nn"}},
      {"nnc train net.nn -o w", {"w.safetensors"}},
      {"nnc train net.nn --weights \"\"", {"data", "w.safetensors"}},
      {"nnc train net.nn --data d", {"data"}},
      {"nnc train net.nn --epochs \"\"", {}},
      {"nnc help pre", {"predict"}},
      {"nnc explain-error unknown-f", {"unknown-function"}},
      {"nnc completion z", {"zsh"}},
      {"nnc nonsense \"\"", completions(folder, "nnc \"\"")},
  };
  for (const Row& row : rows) EXPECT_EQ(completions(folder, row.words), row.offered) << row.words;
}

// What a shell says about its own syntax; nothing where all is well.
void expect_readable(const std::string& shell, const std::string& option) {
  if (!installed(shell)) GTEST_SKIP() << shell << " is not installed";
  TestFolder folder;
  Outcome script = run("completion " + shell);
  ASSERT_EQ(script.status, 0) << script.text;
  Outcome o = run_command(shell + " " + option + " " + folder.write("script", script.text));
  EXPECT_EQ(o.status, 0) << o.text;
  EXPECT_EQ(o.text, "");
}

TEST(Completion, ZshReadsItsScript) { expect_readable("zsh", "-n"); }
TEST(Completion, FishReadsItsScript) { expect_readable("fish", "--no-execute"); }

TEST(Completion, FishOffersChoicesAndOptions) {
  if (!installed("fish")) GTEST_SKIP() << "fish is not installed";
  TestFolder folder;
  std::string script = folder.write("nnc.fish", run("completion fish").text);
  auto offered = [&](const std::string& line) {
    return run_command("HOME=" + folder.file("") + " fish --no-config -c 'source " + script +
                       "; complete -C \"" + line + "\" | cut -f 1'")
        .text;
  };
  EXPECT_EQ(offered("nnc train x.nn --mode "), "fused\ninterpreted\nunfused\n");
  EXPECT_EQ(offered("nnc tra"), "train\n");
  EXPECT_EQ(offered("nnc train x.nn --checkpoint-"), "--checkpoint-every\n--checkpoint-keep\n");
  EXPECT_EQ(offered("nnc cache s"), "stat\n");
}

}  // namespace
}  // namespace nnc
