#include "runtime/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/error.h"
#include "ir/metric_watch.h"
#include "ir/net.h"
#include "ir/plain_number.h"
#include "passes/read_averages.h"
#include "passes/training_step.h"
#include "runtime/batches.h"

namespace nnc {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The symbol that counts samples: the leading axis of every input and target, the same for all.
std::string batch_symbol(const Graph& graph) {
  for (NodeId id : graph.inputs()) {
    const Shape& shape = graph.node(id).results[0].shape;
    if (shape.empty() || shape[0].is_constant()) continue;
    std::set<std::string> names;
    shape[0].collect_symbols(names);
    return *names.begin();
  }
  return "";
}

Shape with_samples(Shape shape, int64_t samples) {
  if (!shape.empty()) shape[0] = Dim(samples);
  return shape;
}

}  // namespace

Trainer::Trainer(Module module, TrainerOptions options)
    : module_(std::move(module)), options_(std::move(options)), engine_(options_.engine) {
  if (module_.spec) {
    step_ = training_step(module_);
    add_missing_state(step_, state_);
  }
  add_missing_state(module_.predict, state_);
  add_missing_state(module_.init, state_);
  for (const Output& o : module_.init.outputs()) {
    const Type& type = module_.init.type(o.value);
    if (!state_.count(o.name))
      state_.emplace(o.name, Tensor::apart(type.dtype, nnc::evaluate(type.shape, {})));
  }
  batch_symbol_ = batch_symbol(module_.predict);
  if (!module_.spec) return;
  batch_ = options_.batch.value_or(spec().batch);
  seed_ = options_.seed.value_or(spec().seed);
  base_rate_ = optimizer_arg(spec().update.optimizer, "lr");
  stopping_ = Stopping(spec().stops, spec().measures);
  schedule_ = RateSchedule(spec().schedules, base_rate_, spec().measures);
  add_missing_state(module_.eval, state_);
}

Trainer::~Trainer() = default;

const TrainSpec& Trainer::spec() const {
  if (!module_.spec) throw Error(fmt::format("model '{}' has no train block", module_.name));
  return *module_.spec;
}

std::vector<DataField> Trainer::input_fields() const {
  std::vector<DataField> out;
  for (NodeId id : module_.predict.inputs()) {
    const Node& node = module_.predict.node(id);
    const auto& a = node.as<InputAttrs>();
    out.push_back({.name = a.name, .type = a.type, .loc = node.loc});
  }
  return out;
}

std::vector<DataField> Trainer::target_fields() const {
  std::vector<DataField> out;
  for (const TargetSpec& t : spec().targets) out.push_back({t.name, t.type, t.classes.has_value(), t.loc});
  return out;
}

void Trainer::set_data(BoundData data) {
  check_classes(data.train, "training");
  check_classes(data.validation, "validation");
  check_classes(data.test, "test");
  check_watched_parts(data);
  feeder_.reset();  // it may be reading ahead
  data_ = std::move(data);
  learnt_ = data_.learnt;
  if (data_.train.samples == 0) throw Error("the training data have no samples");
  step_function_.reset();
  settings_.clear();
  int64_t batch = batch_ == 0 ? data_.train.samples : std::min(batch_, data_.train.samples);
  feeder_ = std::make_unique<Feeder>(data_.train, batch, true, engine_.threads());
  // An epoch of one step sees the data in their own order.
  bool shuffled = batch < data_.train.samples;
  order_ = std::make_unique<EpochOrder>(data_.train.samples, shuffled, seed_, engine_.threads());
}

void Trainer::set_data(Dataset data) {
  set_data(
      bind_data(std::move(data), input_fields(), target_fields(), spec().split, spec().columns, learnt_));
}

namespace {

// Of a text only the characters are looked at, not each place where they stand.
void check_characters(const TargetSpec& target, const ByteCodes& codes) {
  int32_t last = *std::ranges::max_element(codes);
  if (last < *target.classes) return;
  throw Error(fmt::format("target '{}' is one of {} characters, the model has classes 0 to {}", target.name,
                          last + 1, *target.classes - 1),
              {"give the model as many classes as the text has characters, or more"});
}

}  // namespace

// A class index that the model has no output for would train on nothing.
void Trainer::check_classes(const BoundTable& table, const char* part) const {
  for (size_t i = 0; i < table.targets.size(); ++i) {
    const TargetSpec& target = spec().targets[i];
    if (!target.classes) continue;
    const FieldValues& values = table.targets[i];
    if (values.stored().codes) {
      check_characters(target, *values.stored().codes);
      continue;
    }
    for (int64_t s = 0, count = values.bytes() / size_of(values.dtype()); s < count; ++s) {
      int64_t value = values.integer(s);
      if ((value >= 0 && value < *target.classes) || value == target.ignored) continue;
      throw Error(fmt::format("target '{}' of {} sample {} is class {}, the model has classes 0 to {}",
                              target.name, part, s, value, *target.classes - 1));
    }
  }
}

// Whoever watches a metric of a part needs that part.
void Trainer::check_watched_parts(const BoundData& data) const {
  for (const CallSpec* call : watchers(spec())) {
    const std::string& metric = call->text("metric");
    std::string_view part = watched(metric, measures()).part;
    bool missing =
        (part == "val_" && data.validation.samples == 0) || (part == "test_" && data.test.samples == 0);
    if (!missing) continue;
    throw Error(fmt::format("{} watches '{}', and the data have no such part", call->name, metric),
                {part == "val_" ? "set samples apart: split shares(validation = 0.1)"
                                : "set samples apart: split shares(test = 0.2)"});
  }
}

// Every symbol's largest extent: the batch, and what the shapes of the data fix.
Bindings Trainer::sizes_of(const BoundTable& table, int64_t batch) const {
  std::vector<GivenShape> given;
  std::vector<DataField> inputs = input_fields();
  auto add = [&](const DataField& f, const FieldValues& t) {
    std::vector<int64_t> shape = t.shape();
    if (!f.type.shape.empty() && !f.type.shape[0].is_constant()) shape[0] = batch;
    given.push_back({fmt::format("input '{}'", f.name), f.type, shape});
  };
  for (size_t i = 0; i < table.inputs.size(); ++i) add(inputs[i], table.inputs[i]);
  std::vector<DataField> targets = module_.spec ? target_fields() : std::vector<DataField>{};
  for (size_t i = 0; i < table.targets.size(); ++i) add(targets[i], table.targets[i]);
  return bind_symbols(given);
}

Function& Trainer::step_function() {
  if (!step_function_) {
    if (!feeder_) throw Error("there are no data to train on");
    int64_t batch = batch_ == 0 ? data_.train.samples : std::min(batch_, data_.train.samples);
    step_sizes_ = sizes_of(data_.train, batch);
    step_function_ = engine_.prepare(step_, state_, step_sizes_);
  }
  return *step_function_;
}

// The step reads what the training graph reads, in its order, then scalars. Returns its extents.
const Bindings& Trainer::feed_step(std::span<const int64_t> rows) {
  bool whole =
      static_cast<int64_t>(rows.size()) == data_.train.samples && std::is_sorted(rows.begin(), rows.end());
  step_inputs_ = whole ? feeder_->whole_table() : feeder_->gather(rows);
  for (size_t i = step_inputs_.size(); i < step_.inputs().size(); ++i)
    step_inputs_.push_back(scalars_.find(step_.node(step_.inputs()[i]).as<InputAttrs>().name));
  return with_batch(step_sizes_, static_cast<int64_t>(rows.size()));
}

double Trainer::train_step(std::span<const int64_t> rows) {
  scalars_ = {.learning_rate = base_rate_};
  return run_step(rows);
}

// While it runs, the next batch may be gathered.
double Trainer::run_step(std::span<const int64_t> rows, std::span<const int64_t> next) {
  Function& f = step_function();
  const Bindings& sizes = feed_step(rows);
  feeder_->ahead(next);
  f.run(step_inputs_, sizes);
  return f.scalar(0);
}

std::vector<KernelProfile> Trainer::profile_step(std::span<const int64_t> rows, int steps) {
  Function& f = step_function();
  const Bindings& sizes = feed_step(rows);
  return f.profile(step_inputs_, sizes, steps);
}

const Bindings& Trainer::with_batch(Bindings& sizes, int64_t batch) const {
  if (!batch_symbol_.empty()) sizes[batch_symbol_] = batch;
  return sizes;
}

EpochReport Trainer::train_epoch(const Progress& progress) {
  if (!position_.open) begin_epoch();
  Function& f = step_function();
  EpochReport report{.epoch = position_.epoch};
  Batches batches(data_.train.samples, batch_);
  report.steps = batches.count();
  std::span<const int64_t> order = order_->of(position_.epoch);
  reserve_sums(measures(), f, with_batch(step_sizes_, data_.train.samples), position_.sums);
  std::vector<double> times;
  times.reserve(static_cast<size_t>(report.steps));
  auto start = std::chrono::steady_clock::now();
  double before = position_.seconds;
  stopping_.start_clock();
  if (sound_.weights().empty()) keep_sound("of the start");
  bool over = false;
  while (position_.step < report.steps && report.complete && !over) {
    auto step_start = std::chrono::steady_clock::now();
    take_step(position_.step, order);
    times.push_back(seconds_since(step_start));
    count_step(f, batches.size(position_.step));
    position_.seconds = before + seconds_since(start);
    over = stopping_.due(position_.total_steps) != nullptr;
    if (progress) report.complete = progress(position_.step, report.steps, f.scalar(0));
  }
  report.learning_rate = learning_rate(position_.step - 1);
  report.seconds = position_.seconds;
  report.ms_per_step = 1e3 * median(std::move(times));
  if (!report.complete) return report;
  report.cut = position_.step < report.steps;
  report.steps = position_.step;
  report.cut ? measure(report) : finish_epoch(report);
  report.stopped = stop_reason();
  return report;
}

void Trainer::take_step(int64_t step, std::span<const int64_t> order) {
  Batches batches(data_.train.samples, batch_);
  UpdateShare share = share_of(batches, step, spec().update.accumulate);
  scalars_ = {learning_rate(step), share.share, share.last};
  if (options_.check_finite) before_ = state_;
  double loss = run_step(batches.rows(step, order), batches.rows(step + 1, order));
  options_.check_finite ? require_sound_step(loss, batches.size(step)) : require_sound_loss(loss);
}

std::string Trainer::stop_reason() const {
  const CallSpec* rule = stopping_.due(position_.total_steps);
  return rule ? stopping_.why(*rule, position_.total_steps) : "";
}

int64_t Trainer::steps_per_epoch() const { return Batches(data_.train.samples, batch_).count(); }

// A schedule's steps are updates. All epochs have the same number of them.
RunTime Trainer::time_of(int64_t step) const {
  int64_t accumulate = spec().update.accumulate;
  int64_t updates = (steps_per_epoch() + accumulate - 1) / accumulate, epochs = position_.epoch - 1;
  return {epochs, epochs * updates + step / accumulate, updates};
}

double Trainer::learning_rate(int64_t step) const { return schedule_.rate(time_of(step)); }

void Trainer::begin_epoch() {
  position_ = {.epoch = position_.epoch + 1, .total_steps = position_.total_steps, .open = true};
  position_.sums = empty_sums(measures());
}

void Trainer::count_step(const Function& f, int64_t samples) {
  add_batch(measures(), f, step_sizes_, samples, position_.sums);
  ++position_.step;
  ++position_.total_steps;
}

void Trainer::measure(EpochReport& report) {
  report.train = finish_measures(measures(), position_.sums);
  if (data_.validation.samples > 0) report.validation = evaluate(data_.validation);
  if (data_.test.samples > 0) report.test = evaluate(data_.test);
}

void Trainer::finish_epoch(EpochReport& report) {
  if (sound_.due(position_.total_steps)) keep_sound(fmt::format("of epoch {}", position_.epoch));
  measure(report);
  schedule_.after_epoch(report, time_of(position_.step - 1));
  int64_t best = stopping_.best_epoch();
  stopping_.after_epoch(report);
  if (stopping_.best_epoch() != best) best_weights_ = weights();
  position_.open = false;
  position_.sums.clear();
}

// Larger extents than before need another arena, not other code: tiles stay chosen for the first sizes.
void Trainer::prepare_for(Prepared& p, const Graph& graph, const Bindings& sizes) {
  auto fits = [&](const auto& size) {
    return p.largest.count(size.first) && size.second <= p.largest.at(size.first);
  };
  if (p.function && std::all_of(sizes.begin(), sizes.end(), fits)) return;
  if (p.expected.empty()) p.expected = sizes;
  for (const auto& [name, size] : sizes) p.largest[name] = std::max(p.largest[name], size);
  Graph averaged = read_averages(graph, [&](const std::string& path) { return state_.count(path) > 0; });
  p.function = engine_.prepare(averaged, state_, p.largest, p.expected);
}

std::vector<Measure> Trainer::evaluate(const BoundTable& table, int64_t batch) {
  batch = batch > 0 ? batch : batch_;
  Batches batches(table.samples, batch);
  Bindings sizes = sizes_of(table, batches.largest());
  prepare_for(eval_, module_.eval, sizes);
  Feeder feeder(table, batches.largest(), true, engine_.threads());
  std::vector<int64_t> order(table.samples);
  std::iota(order.begin(), order.end(), 0);
  MeasureSums sums = empty_sums(measures());
  for (int64_t i = 0; i < batches.count(); ++i) {
    const InputPointers& inputs = feeder.gather(batches.rows(i, order));
    feeder.ahead(batches.rows(i + 1, order));
    eval_.function->run(inputs, with_batch(sizes, batches.size(i)));
    add_batch(measures(), *eval_.function, sizes, batches.size(i), sums);
  }
  return finish_measures(measures(), sums);
}

std::vector<NamedTensor> Trainer::predict(const std::vector<Tensor>& inputs, int64_t batch) {
  BoundTable table{
      inputs.empty() || inputs[0].rank() == 0 ? 0 : inputs[0].shape()[0], {inputs.begin(), inputs.end()}, {}};
  Batches batches(table.samples, batch > 0 ? batch : std::max<int64_t>(batch_, 1));
  Bindings sizes = sizes_of(table, batches.largest());
  prepare_for(predict_, module_.predict, sizes);
  std::vector<NamedTensor> out;
  for (const Port& port : predict_.function->outputs()) {
    std::vector<int64_t> shape = nnc::evaluate(with_samples(port.type.shape, table.samples), sizes);
    out.push_back({port.name, Tensor(port.type.dtype, std::move(shape))});
  }
  Feeder feeder(table, batches.largest(), false, engine_.threads());
  std::vector<int64_t> order(table.samples);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = 0; i < batches.count(); ++i) {
    const InputPointers& rows = feeder.gather(batches.rows(i, order));
    feeder.ahead(batches.rows(i + 1, order));
    predict_.function->run(rows, with_batch(sizes, batches.size(i)));
    for (size_t o = 0; o < out.size(); ++o) {
      size_t row = static_cast<size_t>(row_bytes(out[o].tensor));
      std::memcpy(out[o].tensor.bytes().data() + batches.rows(i, order)[0] * row,
                  predict_.function->output(o), row * batches.size(i));
    }
  }
  return out;
}

}  // namespace nnc
