// The Trainer's state as files: fresh weights, weights files, and checkpoints. A checkpoint holds all state by path,
// the position as the tensors "nnc/…" (no path has a slash), and each setting of the run as metadata.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/graph_text.h"
#include "ir/interpreter.h"
#include "ir/net.h"
#include "runtime/batches.h"
#include "runtime/digest.h"
#include "runtime/safetensors.h"
#include "runtime/trainer.h"

namespace nnc {
namespace {

constexpr std::string_view kPosition = "nnc/position";  // i64: epoch, step, steps of all epochs, open
constexpr std::string_view kSeconds = "nnc/seconds";    // f64
constexpr std::string_view kSums = "nnc/sums.";         // f64, by measure; none between epochs
constexpr std::string_view kSchedule = "nnc/schedule";  // f64; none where no schedule remembers anything
constexpr std::string_view kStop = "nnc/stop";          // likewise
const std::string kBest = "nnc/best.";                  // weights to restore, by path; none before the first
constexpr std::string_view kSetting = "setting.";

/// Of a file that takes long to read, a thousand rows stand for the others.
void add_rows(Digest& digest, const Tensor& stored) {
  constexpr size_t kReadThrough = size_t{256} << 20;
  constexpr int64_t kRows = 1000;
  if (!stored.is_view() || stored.bytes().size() <= kReadThrough) {
    digest.add(stored.bytes());
    return;
  }
  int64_t rows = stored.shape()[0], count = std::min(kRows, rows);
  auto size = static_cast<size_t>(row_bytes(stored));
  for (int64_t i = 0; i < count; ++i)
    digest.add(stored.bytes().subspan(
        static_cast<size_t>(i * (rows - 1) / std::max<int64_t>(count - 1, 1)) * size, size));
}

void add_to(Digest& digest, const FieldValues& field) {
  const StoredValues& stored = field.stored();
  digest.add(field.type_str());
  add_rows(digest, stored.values);
  if (stored.rows) digest.add(std::as_bytes(std::span(*stored.rows)));
}

std::string digest_of(const BoundTable& table) {
  Digest digest;
  for (const FieldValues& field : table.inputs) add_to(digest, field);
  for (const FieldValues& field : table.targets) add_to(digest, field);
  return fmt::format("{} samples with digest {}", table.samples, digest.text());
}

std::string text_of(const OptimizerSpec& optimizer) {
  std::string args;
  for (const OptimizerArg& a : find_optimizer(optimizer.name)->args) {
    args += fmt::format("{}{} = {}", args.empty() ? "" : ", ", a.name, optimizer_arg(optimizer, a.name));
  }
  return fmt::format("{}({})", optimizer.name, args);
}

Tensor vector_of(std::span<const double> values) {
  return Tensor::from(DType::F64, {static_cast<int64_t>(values.size())}, values);
}

Tensor position_tensor(const Position& p) {
  Tensor out(DType::I64, {4});
  std::ranges::copy(std::initializer_list<int64_t>{p.epoch, p.step, p.total_steps, p.open},
                    out.as<int64_t>().begin());
  return out;
}

std::string sums_name(const MeasureSpec& measure) { return std::string(kSums) + measure.name; }

Position position_from(const Safetensors& file, std::span<const MeasureSpec> measures) {
  std::span<const int64_t> n = file.find(kPosition)->as<int64_t>();
  Position out{.epoch = n[0],
               .step = n[1],
               .total_steps = n[2],
               .open = n[3] != 0,
               .seconds = file.find(kSeconds)->get(0)};
  for (const MeasureSpec& m : measures) {
    if (!out.open) break;
    std::span<const double> sums = file.find(sums_name(m))->as<double>();
    out.sums.emplace_back(sums.begin(), sums.end());
  }
  return out;
}

bool is_open(const Safetensors& file) {
  const Tensor* position = file.find(kPosition);
  return position != nullptr && position->dtype() == DType::I64 && position->count() == 4 &&
         position->get_int(3) != 0;
}

/// What the file itself says where that can be, else a length that it has not.
int64_t length_of_sums(const Safetensors& file, const MeasureSpec& measure) {
  const Tensor* sums = file.find(sums_name(measure));
  return sums != nullptr && is_length_of(measure, sums->count()) ? sums->count() : measure.width;
}

/// All tensors a checkpoint of that state has. Between epochs there are no sums.
std::vector<TensorSpec> with_position(std::vector<TensorSpec> state, const Safetensors& file,
                                      std::span<const MeasureSpec> measures) {
  state.push_back({std::string(kPosition), DType::I64, {4}});
  state.push_back({std::string(kSeconds), DType::F64, {1}});
  for (const MeasureSpec& m : measures) {
    if (is_open(file)) state.push_back({sums_name(m), DType::F64, {length_of_sums(file, m)}});
  }
  return state;
}

void add_memory(std::string_view name, const std::vector<double>& numbers, Safetensors& file) {
  if (!numbers.empty()) file.tensors.push_back({std::string(name), vector_of(numbers)});
}

bool is_checkpoint(const Safetensors& file) {
  auto kind = file.metadata.find("kind");
  return kind != file.metadata.end() && kind->second == "checkpoint";
}

void copy_values(const Safetensors& file, std::span<const TensorSpec> specs, State& state) {
  for (const TensorSpec& spec : specs) {
    std::span<const std::byte> from = file.find(spec.name)->bytes();
    std::copy(from.begin(), from.end(), state.at(spec.name).bytes().begin());
  }
}

/// What a checkpoint has of the weights alone, averages in place of what they average.
void keep_weights(Safetensors& file, std::span<const TensorSpec> specs) {
  std::vector<NamedTensor> weights;
  for (const TensorSpec& spec : specs) {
    const Tensor* average = file.find(average_path(spec.name));
    const Tensor* found = average ? average : file.find(spec.name);
    if (found != nullptr) weights.push_back({spec.name, average ? found->cast(spec.dtype) : *found});
  }
  file.tensors = std::move(weights);
}

/// "batch: 64, and 32 in the checkpoint", one line per setting that differs.
std::vector<std::string> differences(const std::map<std::string, std::string>& now, const Safetensors& file) {
  std::vector<std::string> out;
  for (const auto& [name, value] : now) {
    auto then = file.metadata.find(std::string(kSetting) + name);
    if (then == file.metadata.end()) {
      out.push_back(fmt::format("{}: the checkpoint does not say", name));
    } else if (then->second != value) {
      out.push_back(fmt::format("{}: {}, and {} in the checkpoint", name, value, then->second));
    }
  }
  return out;
}

}  // namespace

void Trainer::clear() {
  for (auto& [path, tensor] : state_) std::fill(tensor.bytes().begin(), tensor.bytes().end(), std::byte{0});
  auto counter = state_.find(kSeedParam);
  if (counter != state_.end()) counter->second.set_int(0, seed_);
  position_ = {};
  schedule_.reset();
  stopping_.reset();
  sound_.clear();
  best_weights_.clear();
}

void Trainer::initialize() {
  clear();
  Tensor seed = Tensor::scalar(Literal::from_int(DType::I64, seed_));
  NamedTensors none;
  std::vector<Tensor> values = interpret(module_.init, {{"seed", seed}}, none);
  for (size_t i = 0; i < values.size(); ++i) {
    std::span<std::byte> to = state_.at(module_.init.outputs()[i].name).bytes();
    std::copy_n(values[i].bytes().begin(), to.size(), to.begin());
  }
  start_averages();
}

// A moving average begins as the weights themselves.
void Trainer::start_averages() {
  for (const auto& [path, tensor] : state_) {
    auto average = state_.find(average_path(path));
    if (average == state_.end()) continue;
    Tensor start = tensor.cast(average->second.dtype());
    std::ranges::copy(start.bytes(), average->second.bytes().begin());
  }
}

std::vector<TensorSpec> Trainer::weight_specs() const {
  std::set<std::string> paths;
  for (const Output& o : module_.init.outputs()) paths.insert(o.name);
  for (NodeId id : module_.predict.params()) paths.insert(module_.predict.node(id).as<ParamAttrs>().path);
  std::vector<TensorSpec> specs;
  for (const std::string& path : paths) {
    const Tensor& t = state_.at(path);
    if (path != kSeedParam && path != kStepParam) specs.push_back({path, t.dtype(), t.shape()});
  }
  return specs;
}

void Trainer::load_learnt(const std::string& path) {
  if (auto learnt = find_learnt(load_safetensors_metadata(path), path)) learnt_ = std::move(*learnt);
}

void Trainer::load_weights(const std::string& path) {
  Safetensors file = load_safetensors(path);
  if (auto learnt = find_learnt(file.metadata, path)) learnt_ = std::move(*learnt);
  std::vector<TensorSpec> specs = weight_specs();
  if (is_checkpoint(file)) keep_weights(file, specs);
  check_against(file, specs, path);
  copy_values(file, specs, state_);
  start_averages();
  sound_.clear();
}

// As evaluation reads it: the moving average where there is one.
Tensor Trainer::weight(const std::string& path) const {
  const Tensor& own = state_.at(path);
  auto average = state_.find(average_path(path));
  return average == state_.end() ? own : average->second.cast(own.dtype());
}

std::vector<NamedTensor> Trainer::weights() const {
  std::vector<NamedTensor> out;
  for (const TensorSpec& spec : weight_specs()) out.push_back({spec.name, weight(spec.name)});
  return out;
}

// In place of the moving averages too, which are what evaluation reads.
void Trainer::set_weights(const std::vector<NamedTensor>& weights) {
  for (const NamedTensor& w : weights) {
    for (const std::string& path : {w.name, average_path(w.name)}) {
      auto it = state_.find(path);
      if (it != state_.end())
        std::ranges::copy(w.tensor.cast(it->second.dtype()).bytes(), it->second.bytes().begin());
    }
  }
}

int64_t Trainer::restore_best() {
  set_weights(best_weights_);
  return best_weights_.empty() ? 0 : stopping_.best_epoch();
}

void Trainer::save_weights(const std::string& path) const {
  Metadata metadata{{"kind", "weights"}, {"model", module_.name}};
  add_learnt(metadata, learnt_);
  save_safetensors(path, weights(), metadata);
}

const std::map<std::string, std::string>& Trainer::settings() const {
  if (!settings_.empty()) return settings_;
  std::map<std::string, std::string>& out = settings_;
  out["model"] =
      fmt::format("'{}' with digest {}", module_.name, Digest().add(print(module_.predict)).text());
  out["training step"] = "digest " + Digest().add(print(step_)).text();
  out["optimizer"] = text_of(spec().update.optimizer);
  out["columns"] = str(spec().columns);
  out["updates"] = surroundings(spec().update);
  out["schedule"] = str(spec().schedules);
  out["stop"] = stopping_.watching();
  out["batch"] = batch_ == 0 ? "full" : std::to_string(batch_);
  out["seed"] = std::to_string(seed_);
  out["training data"] = digest_of(data_.train);
  out["validation data"] = digest_of(data_.validation);
  out["test data"] = digest_of(data_.test);
  out["mode"] = name_of_enum(engine_.options().mode);
  return out;
}

Safetensors Trainer::checkpoint() const {
  Safetensors out;
  for (const auto& [path, tensor] : state_) out.tensors.push_back({path, tensor});
  out.tensors.push_back({std::string(kPosition), position_tensor(position_)});
  out.tensors.push_back({std::string(kSeconds), vector_of(std::span(&position_.seconds, 1))});
  add_memory(kSchedule, schedule_.memory(), out);
  add_memory(kStop, stopping_.memory(), out);
  for (const NamedTensor& best : best_weights_) out.tensors.push_back({kBest + best.name, best.tensor});
  for (size_t m = 0; m < position_.sums.size(); ++m)
    out.tensors.push_back({sums_name(measures()[m]), vector_of(position_.sums[m])});
  std::ranges::sort(out.tensors, {}, &NamedTensor::name);
  out.metadata = {{"kind", "checkpoint"}, {"model", module_.name}};
  add_learnt(out.metadata, learnt_);
  for (const auto& [name, value] : settings()) out.metadata[std::string(kSetting) + name] = value;
  return out;
}

// What schedules and stopping rules remember.
std::vector<TensorSpec> Trainer::remembered(const Safetensors& file) const {
  std::vector<TensorSpec> out;
  auto add = [&](std::string_view name, size_t count) {
    if (count > 0) out.push_back({std::string(name), DType::F64, {static_cast<int64_t>(count)}});
  };
  add(kSchedule, schedule_.memory().size());
  add(kStop, stopping_.memory().size());
  bool best = std::ranges::any_of(file.tensors, [](const auto& t) { return t.name.starts_with(kBest); });
  for (const TensorSpec& w : weight_specs()) {
    if (best && stopping_.keeps_best()) out.push_back({kBest + w.name, w.dtype, w.shape});
  }
  return out;
}

void Trainer::remember(const Safetensors& file) {
  if (const Tensor* t = file.find(kSchedule)) schedule_.set_memory(t->as<double>());
  if (const Tensor* t = file.find(kStop)) stopping_.set_memory(t->as<double>());
  best_weights_.clear();
  for (const TensorSpec& w : weight_specs()) {
    if (const Tensor* best = file.find(kBest + w.name)) best_weights_.push_back({w.name, *best});
  }
}

void Trainer::restore(const Safetensors& file, const std::string& path) {
  if (!is_checkpoint(file)) {
    throw Error(fmt::format("{} is no checkpoint: it holds weights alone", path),
                {"start a new run from them with --weights"});
  }
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : state_) specs.push_back({name, tensor.dtype(), tensor.shape()});
  std::vector<std::string> differ = differences(settings(), file);
  if (find_learnt(file.metadata, path).value_or(Learnt()) != learnt_)
    differ.push_back("columns and names: the data have others than the checkpoint");
  try {
    std::vector<TensorSpec> all = with_position(specs, file, measures());
    std::ranges::copy(remembered(file), std::back_inserter(all));
    check_against(file, all, path);
  } catch (const Error& e) {
    differ.insert(differ.end(), e.notes().begin(), e.notes().end());
  }
  if (!differ.empty()) throw Error(fmt::format("{} belongs to another run", path), std::move(differ));
  Position position = position_from(file, measures());
  if (position.step < 0 || position.step > Batches(data_.train.samples, batch_).count())
    throw Error(fmt::format("{} is damaged: it stands at step {} of an epoch", path, position.step));
  copy_values(file, specs, state_);
  position_ = std::move(position);
  sound_.clear();
  remember(file);
}

}  // namespace nnc
