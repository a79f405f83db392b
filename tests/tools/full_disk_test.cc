// A disk that fills up while a run keeps checkpoints: a small file system in memory, in a mount namespace of its own. The
// run ends with cause and remedy, and what it had written is whole: going on elsewhere gives the weights of a run that was
// never stopped.
#include <gtest/gtest.h>

#include <filesystem>

#include <fmt/format.h>

#include "runtime/file_lock.h"
#include "tests/runtime/bad_files.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

// How a shell gets a file system of its own: as any user where the machine allows that, or as root.
std::string own_mounts() {
  for (const char* unshare : {"unshare -rm", "unshare -m"}) {
    if (run_command(fmt::format("{} sh -c 'mount -t tmpfs none /mnt'", unshare)).status == 0) return unshare;
  }
  return "";
}

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    unshare_ = own_mounts();
    if (unshare_.empty()) GTEST_SKIP() << "this machine lets nobody mount a file system";
    model_ = folder_.write("small.nn", kSmall);
    fs::create_directory(folder_.file("disk"));
    fs::create_directory(folder_.file("saved"));
  }

  // With `kilobytes` of disk at "disk"; what is on it afterwards lies in "saved".
  Outcome run_on_disk(int kilobytes, const std::string& options) {
    std::string disk = folder_.file("disk");
    return run_command(
        fmt::format("{0} sh -c \"mount -t tmpfs -o size={1}k none {2} && {3} train {4} {5}; status=\\$?; "
                    "cp -r {2}/. {6}; exit \\$status\"",
                    unshare_, kilobytes, disk, NNC_TOOL, model_, options, folder_.file("saved")));
  }

  std::string weights_of(const std::string& options) {
    std::string out = folder_.file("out.safetensors");
    Outcome o = run("train " + model_ + " " + options + " -o " + out);
    EXPECT_EQ(o.status, 0) << o.text;
    return slurp(out);
  }

  TestFolder folder_;
  std::string unshare_, model_;
};

void expect_cause_and_remedy(const Outcome& o) {
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_NE(o.text.find("No space left on device"), std::string::npos) << o.text;
  EXPECT_NE(o.text.find("note: the disk is full: make room on it, or choose a place on another one"),
            std::string::npos)
      << o.text;
}

TEST_F(FullDisk, CheckpointsOfBeforeAreWholeAndTheRunGoesOnElsewhere) {
  std::string want = weights_of("");
  for (int kilobytes : {420, 500, 620}) {
    SCOPED_TRACE(kilobytes);
    Outcome o = run_on_disk(
        kilobytes, "--checkpoint-every 1steps --checkpoint-keep 20 --checkpoint " + folder_.file("disk/run"));
    expect_cause_and_remedy(o);
    std::string saved = folder_.file("saved/run");
    ASSERT_TRUE(fs::exists(saved)) << o.text;
    size_t checkpoints = 0;
    for (const auto& entry : fs::directory_iterator(saved)) {
      EXPECT_EQ(entry.path().extension(), ".safetensors") << "nothing unfinished";
      ++checkpoints;
      EXPECT_EQ(run("eval " + model_ + " --weights " + entry.path().string()).status, 0) << entry.path();
    }
    EXPECT_GT(checkpoints, 0u);
    EXPECT_TRUE(weights_of("--resume " + saved) == want);
    fs::remove_all(saved);
  }
}

TEST_F(FullDisk, AFileThatCannotBeReplacedStaysAsItWas) {
  std::string old = weights_of("--epochs 1");
  folder_.write("old.safetensors", old);
  Outcome o = run_on_disk(
      static_cast<int>(old.size() / 1024 + 16),
      fmt::format(
          "--epochs 0 -o {0}/w.safetensors; cp {1} {0}/w.safetensors; {2} train {3} -o {0}/w.safetensors",
          folder_.file("disk"), folder_.file("old.safetensors"), NNC_TOOL, model_));
  expect_cause_and_remedy(o);
  EXPECT_TRUE(slurp(folder_.file("saved/w.safetensors")) == old);
}

TEST_F(FullDisk, ADiskThatCanOnlyBeReadIsNoticedBeforeTraining) {
  std::string disk = folder_.file("disk");
  for (const char* option :
       {"-o {}/w.safetensors", "--checkpoint {}/run", "--checkpoint {}/run.safetensors"}) {
    Outcome o =
        run_command(fmt::format("{} sh -c \"mount -t tmpfs -o ro none {} && {} train {} {}\"", unshare_, disk,
                                NNC_TOOL, model_, fmt::format(fmt::runtime(option), disk)));
    EXPECT_EQ(o.status, 1) << o.text;
    EXPECT_NE(o.text.find(disk), std::string::npos) << o.text;
    EXPECT_EQ(o.text.find("epoch 1"), std::string::npos) << o.text;
  }
}

TEST_F(Tool, OfTwoRunsThatWriteToOneFileTheSecondIsRefused) {
  std::string model = file("small.nn", kSmall), output = path("w.safetensors");
  FileLock first(output);
  for (const std::string& option : {"-o " + output, "--checkpoint " + output}) {
    Outcome second = run("train " + model + " " + option);
    EXPECT_EQ(second.status, 1) << second.text;
    EXPECT_NE(second.text.find("w.safetensors: another run is writing this\n  note: wait for it to end"),
              std::string::npos)
        << second.text;
    EXPECT_FALSE(fs::exists(output));
  }
}

}  // namespace
}  // namespace nnc
