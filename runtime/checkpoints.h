// When a run writes checkpoints, where, and which of them it keeps.
//
//   run/                        a folder: the newest few and the best, each a whole run to go on from
//     step-000000001200.safetensors
//     best.safetensors
//   run.safetensors             or one file, replaced each time
//
// A file appears complete under its name or not at all (see write_file_atomically), and an old one is removed only
// after its successor is there.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/file_lock.h"
#include "runtime/trainer.h"

namespace nnc {

/// "100steps", "30s", "5min", "2h", "1epoch".
struct CheckpointInterval {
  enum Unit : uint8_t { Steps, Seconds, Epochs };
  int64_t count = 1;
  Unit unit = Epochs;
};
/// Throws Error, saying the forms, for a text that is none.
CheckpointInterval checkpoint_interval(const std::string& text);

struct CheckpointOptions {
  std::string path;  // a file where it ends in .safetensors, else a folder, made when missing
  CheckpointInterval every;
  int64_t keep = 3;  // of the newest, in a folder
};

/// The newest checkpoint of a folder, or the file itself. Throws Error when there is none.
std::string newest_checkpoint(const std::string& path);

class Checkpoints {
 public:
  /// Takes the lock of the path. A checkpoint that is there already must be `resumed`, what the run goes on from
  /// (empty for a new run): Error otherwise.
  explicit Checkpoints(CheckpointOptions options, const std::string& resumed = "");

  /// Restores the trainer, and what is known of the best epoch, from a file or the newest in a folder.
  void restore(Trainer& trainer, const std::string& resumed);

  void after_step(const Trainer& trainer);
  void after_epoch(const Trainer& trainer, const EpochReport& report);
  /// Writes one now, unless the newest stands at the same place, or the weights are spoilt: an older one is better.
  void save(const Trainer& trainer);
  const std::string& path() const { return options_.path; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Mark {
    int64_t steps = -1;
    bool open = false;
    bool operator==(const Mark&) const = default;
  };

  std::string file_for(int64_t step) const;
  void write(const Trainer& trainer, const std::string& path) const;
  void remove_old() const;
  void check_newest(int64_t step, const std::string& file) const;

  CheckpointOptions options_;
  bool single_;
  std::unique_ptr<FileLock> lock_;
  std::optional<double>
      best_;  // the lowest loss of an epoch: of the validation part, else the test part, else training
  Mark written_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace nnc
