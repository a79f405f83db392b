#include "runtime/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".safetensors";
constexpr std::string_view kPrefix = "step-";
constexpr const char* kBest = "best.safetensors";
constexpr std::string_view kBestLoss = "nnc/best_loss";

struct UnitName {
  std::string_view name;
  CheckpointInterval::Unit unit;
  int64_t factor;
};
constexpr UnitName kUnits[] = {
    {"step", CheckpointInterval::Steps, 1},    {"steps", CheckpointInterval::Steps, 1},
    {"s", CheckpointInterval::Seconds, 1},     {"min", CheckpointInterval::Seconds, 60},
    {"h", CheckpointInterval::Seconds, 3600},  {"epoch", CheckpointInterval::Epochs, 1},
    {"epochs", CheckpointInterval::Epochs, 1},
};

/// The folder's checkpoints by name, which is by step.
std::vector<std::string> numbered_files(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) out.push_back(entry.path().string());
  }
  if (error) throw Error(fmt::format("{}: {}", folder, error.message()));
  std::ranges::sort(out);
  return out;
}

bool holds_checkpoints(const std::string& path, bool single) {
  if (single) return file_exists(path);
  return fs::is_directory(path) && (!numbered_files(path).empty() || file_exists(join_path(path, kBest)));
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(fmt::format("{}: cannot make this folder: {}", path, error.message()));
}

bool is_or_holds(const std::string& place, const std::string& file) {
  if (file.empty()) return false;
  std::error_code absent;
  fs::path folder = fs::absolute(file).parent_path();
  return fs::equivalent(place, file, absent) || fs::equivalent(place, folder, absent);
}

void remove_unfinished_in(const std::string& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().find(".safetensors.tmp-") != std::string::npos)
      found.push_back(entry.path());
  }
  for (const fs::path& p : found) fs::remove(p);
}

}  // namespace

CheckpointInterval checkpoint_interval(const std::string& text) {
  int64_t count = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const UnitName& u : kUnits) {
    int64_t whole = 0;
    if (u.name != unit || status != std::errc() || count < 1) continue;
    if (!__builtin_mul_overflow(count, u.factor, &whole)) return {whole, u.unit};
  }
  throw Error(fmt::format("'{}' is no interval between checkpoints", text),
              {"write it as 100steps, 30s, 5min, 2h or 1epoch"});
}

std::string newest_checkpoint(const std::string& path) {
  if (!fs::is_directory(path)) return path;  // opening it says what is wrong
  std::vector<std::string> files = numbered_files(path);
  if (files.empty()) throw Error(fmt::format("{}: this folder holds no checkpoint", path));
  return files.back();
}

Checkpoints::Checkpoints(CheckpointOptions options, const std::string& resumed)
    : options_(std::move(options)), single_(options_.path.ends_with(kSuffix)) {
  while (options_.path.size() > 1 && options_.path.ends_with('/')) options_.path.pop_back();
  if (!single_) make_folder(options_.path);
  lock_ = std::make_unique<FileLock>(options_.path);
  if (!is_or_holds(options_.path, resumed) && holds_checkpoints(options_.path, single_)) {
    throw Error(fmt::format("{} holds checkpoints of an earlier run", options_.path),
                {fmt::format("go on with that run by --resume {}, or choose another place", options_.path)});
  }
  single_ ? remove_unfinished(options_.path) : remove_unfinished_in(options_.path);
}

void Checkpoints::restore(Trainer& trainer, const std::string& resumed) {
  std::string file = newest_checkpoint(resumed);
  Safetensors content = load_safetensors(file);
  if (const Tensor* best = content.find(kBestLoss)) best_ = best->get(0);
  std::erase_if(content.tensors, [](const NamedTensor& t) { return t.name == kBestLoss; });
  trainer.restore(content, file);
  const Position& p = trainer.position();
  if (!single_) check_newest(p.total_steps, file);
  if (is_or_holds(options_.path, file)) written_ = {p.total_steps, p.open};
}

// A folder's newest file is the one with the most steps: going on from an earlier one would hide what follows.
void Checkpoints::check_newest(int64_t step, const std::string& file) const {
  std::vector<std::string> files = numbered_files(options_.path);
  if (files.empty() || files.back() <= file_for(step)) return;
  throw Error(fmt::format("{} holds later checkpoints than {}", options_.path, file),
              {fmt::format("go on from the latest by --resume {}, or choose another folder by --checkpoint",
                           options_.path)});
}

std::string Checkpoints::file_for(int64_t step) const {
  return fmt::format("{}/{}{:012}{}", options_.path, kPrefix, step, kSuffix);
}

void Checkpoints::write(const Trainer& trainer, const std::string& path) const {
  Safetensors content = trainer.checkpoint();
  if (best_) content.tensors.push_back({std::string(kBestLoss), Tensor::scalar(DType::F64, *best_)});
  save_safetensors(path, content.tensors, content.metadata);
}

void Checkpoints::save(const Trainer& trainer) {
  const Position& p = trainer.position();
  last_ = Clock::now();
  if (written_ == Mark{p.total_steps, p.open} || !trainer.is_sound()) return;
  write(trainer, single_ ? options_.path : file_for(p.total_steps));
  written_ = {p.total_steps, p.open};
  if (!single_) remove_old();
}

void Checkpoints::remove_old() const {
  std::vector<std::string> files = numbered_files(options_.path);
  for (size_t i = 0; i + static_cast<size_t>(options_.keep) < files.size(); ++i) fs::remove(files[i]);
}

void Checkpoints::after_step(const Trainer& trainer) {
  const CheckpointInterval& every = options_.every;
  bool steps = every.unit == CheckpointInterval::Steps && trainer.position().total_steps % every.count == 0;
  bool time =
      every.unit == CheckpointInterval::Seconds && Clock::now() - last_ >= std::chrono::seconds(every.count);
  if (steps || time) save(trainer);
}

void Checkpoints::after_epoch(const Trainer& trainer, const EpochReport& report) {
  double loss = deciding_loss(report);
  bool better = std::isfinite(loss) && (!best_ || loss < *best_);
  if (better) best_ = loss;
  if (better && !single_ && trainer.is_sound()) write(trainer, join_path(options_.path, kBest));
  const CheckpointInterval& every = options_.every;
  if (every.unit == CheckpointInterval::Epochs && report.epoch % every.count == 0) save(trainer);
}

}  // namespace nnc
