// Trains, evaluates and runs one model: the class that programs embedding nnc use, and on which the tool is built.
//
//   Trainer trainer(module, {});
//   trainer.set_data(load_data(spec, folder));    // split, prepared and bound as the train block says
//   trainer.initialize(seed);                     // or load_weights(path)
//   for (int e = 0; e < epochs && trainer.stop_reason().empty(); ++e) EpochReport r = trainer.train_epoch();
//   trainer.restore_best();                       // where the file asks for it
//   trainer.save_weights("net.safetensors");
//
// The training step, evaluation and prediction are separate graphs over one state. Everything here throws Error on
// what a user can get wrong.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/module.h"
#include "runtime/bind.h"
#include "runtime/engine.h"
#include "runtime/epoch_order.h"
#include "runtime/epoch_report.h"
#include "runtime/feeder.h"
#include "runtime/finite.h"
#include "runtime/measures.h"
#include "runtime/rate_schedule.h"
#include "runtime/safetensors.h"
#include "runtime/step_scalars.h"
#include "runtime/stopping.h"

namespace nnc {

/// Where training stands. With the state it is all that a run needs to go on to the same bits: the order of an
/// epoch's samples depends on seed and epoch alone.
struct Position {
  int64_t epoch = 0;        // begun, from 1; 0 before the first
  int64_t step = 0;         // done of it
  int64_t total_steps = 0;  // done of all epochs
  bool open = false;        // the epoch has not been reported yet
  double seconds = 0;       // spent on the steps of this epoch
  MeasureSums sums;         // of the loss and the metrics over its samples so far; empty between epochs
};

struct TrainerOptions {
  EngineOptions engine;
  std::optional<int64_t> batch, seed;  // instead of the model file's
  bool check_finite = false;  // after each step, with what it ran on kept, to find where a NaN comes from
};

class Trainer {
 public:
  /// The module must have a train block to be trained or evaluated.
  Trainer(Module module, TrainerOptions options);
  ~Trainer();

  const Module& module() const { return module_; }
  const Graph& step_graph() const { return step_; }
  Engine& engine() { return engine_; }
  const Engine& engine() const { return engine_; }
  State& state() { return state_; }
  int64_t batch() const { return batch_; }
  /// The extents of a full batch; known once a step was run.
  const Bindings& step_sizes() const { return step_sizes_; }
  int64_t seed() const { return seed_; }

  /// What the model reads of a data set, for bind().
  std::vector<DataField> input_fields() const;
  std::vector<DataField> target_fields() const;

  /// The data of the following epochs and evaluations; bound by the train block's split and columns, and by what is
  /// known about them.
  void set_data(BoundData data);
  void set_data(Dataset data);
  const BoundData& data() const { return data_; }
  /// What is known about the data: as bound, or from the weights.
  const Learnt& learnt() const { return learnt_; }
  /// Takes what a weights file or checkpoint knows about the data, where it does.
  void load_learnt(const std::string& path);

  /// Fresh weights from the seed; optimizer state and counters to zero.
  void initialize();
  /// All of it to zero, at the beginning: what there is to do before load_weights() or restore().
  void clear();
  /// Trainable parameters and the model's own state by path; every mismatch is listed in one Error.
  void load_weights(const std::string& path);
  void save_weights(const std::string& path) const;
  /// Everything a run needs to go on as if it had never stopped, and what it was made with. A checkpoint is a
  /// weights file too: load_weights() takes what it wants from it. The caller may add metadata of its own.
  Safetensors checkpoint() const;
  /// Goes on from there; the data have been set. Throws one Error that lists what differs: the model, the data, a
  /// setting. The number of threads may differ, and so may the number of epochs to come.
  void restore(const Safetensors& checkpoint, const std::string& path);
  const Position& position() const { return position_; }
  /// What a resumed run must share with the one it continues, for people to compare.
  const std::map<std::string, std::string>& settings() const;

  /// After each step: number of the step within the epoch (from 1), steps in the epoch, the step's loss. False
  /// stops there; the next train_epoch() goes on with the same epoch. Throws NotFinite where a loss or the weights have
  /// become NaN or infinite; that step does not count.
  using Progress = std::function<bool(int64_t step, int64_t steps, double loss)>;
  EpochReport train_epoch(const Progress& progress = nullptr);
  /// Why the run is over by its stopping rules; empty while it goes on.
  std::string stop_reason() const;
  /// The weights of the best epoch by the rule that restores them, in place of the last ones: training ends here. Returns
  /// that epoch, or 0 where there is none to restore.
  int64_t restore_best();
  int64_t steps_per_epoch() const;
  /// Whether no NaN or infinity has come into the weights since the last copy of sound ones; and the same as a demand: those
  /// come back, and NotFinite is thrown.
  bool is_sound() const { return sound_.as_sound(weights()); }
  void require_sound();
  /// One step with an update on the given batch of training samples; returns its loss.
  double train_step(std::span<const int64_t> rows);
  /// Steps over the given rows `steps` times and says what each kernel took; nothing when interpreted.
  std::vector<KernelProfile> profile_step(std::span<const int64_t> rows, int steps);
  /// The loss and the metrics over the table, in batches of `batch` (0: the model's).
  std::vector<Measure> evaluate(const BoundTable& table, int64_t batch = 0);
  /// The model's outputs for inputs in the model's order, each with the leading axis of samples.
  std::vector<NamedTensor> predict(const std::vector<Tensor>& inputs, int64_t batch = 0);

 private:
  /// A function, the extents its tiles were chosen for, and those its arena holds.
  struct Prepared {
    std::unique_ptr<Function> function;
    Bindings expected, largest;
  };

  const TrainSpec& spec() const;
  Function& step_function();
  const Bindings& feed_step(std::span<const int64_t> rows);
  double run_step(std::span<const int64_t> rows, std::span<const int64_t> next = {});
  void start_averages();
  Tensor weight(const std::string& path) const;
  void prepare_for(Prepared& p, const Graph& graph, const Bindings& sizes);
  const Bindings& with_batch(Bindings& sizes, int64_t batch) const;
  Bindings sizes_of(const BoundTable& table, int64_t batch) const;
  void check_classes(const BoundTable& table, const char* part) const;
  std::vector<TensorSpec> weight_specs() const;
  void begin_epoch();
  void count_step(const Function& f, int64_t samples);
  std::span<const MeasureSpec> measures() const { return spec().measures; }
  RunTime time_of(int64_t step) const;
  double learning_rate(int64_t step) const;
  void check_watched_parts(const BoundData& data) const;
  void measure(EpochReport& report);
  void finish_epoch(EpochReport& report);
  void take_step(int64_t step, std::span<const int64_t> order);
  void require_sound_loss(double loss);
  void require_sound_step(double loss, int64_t samples);
  void keep_sound(const std::string& name);
  std::vector<NamedTensor> weights() const;
  void set_weights(const std::vector<NamedTensor>& weights);
  std::vector<TensorSpec> remembered(const Safetensors& file) const;
  void remember(const Safetensors& file);

  Module module_;
  TrainerOptions options_;
  int64_t batch_ = 0, seed_ = 0;
  double base_rate_ = 0;
  Position position_;
  mutable std::map<std::string, std::string> settings_;  // made when first asked for
  StepScalars scalars_;
  RateSchedule schedule_;
  Stopping stopping_;
  std::vector<NamedTensor> best_weights_;  // of the best epoch, where they are to be restored
  SoundWeights sound_;
  State before_;  // a step that is checked
  Graph step_{"step"};
  Engine engine_;
  State state_;
  BoundData data_;
  Learnt learnt_;
  std::string batch_symbol_;  // counts samples; empty where the model fixes its batch
  std::unique_ptr<Function> step_function_;
  Bindings step_sizes_;
  InputPointers step_inputs_;
  Prepared eval_, predict_;
  std::unique_ptr<Feeder> feeder_;
  std::unique_ptr<EpochOrder> order_;
};

}  // namespace nnc
