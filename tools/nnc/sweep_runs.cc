#include "tools/nnc/sweep_runs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "ir/parser.h"
#include "runtime/file.h"
#include "runtime/thread_pool.h"
#include "tools/nnc/interrupt.h"
#include "tools/nnc/number_text.h"

namespace nnc::tool {
namespace {

bool has(const BoundTable& part) { return part.samples > 0; }

// Every measure of every part there is: "loss", "val_loss", "test_accuracy".
std::vector<SweepMetric> metrics_of(const Trainer& trainer) {
  const BoundData& data = trainer.data();
  std::vector<std::string> prefixes = {""};
  if (has(data.validation)) prefixes.push_back("val_");
  if (has(data.test)) prefixes.push_back("test_");
  std::vector<SweepMetric> out;
  for (const std::string& prefix : prefixes) {
    for (const MeasureSpec& m : trainer.module().spec->measures) {
      if (m.has_value) out.push_back({prefix + m.name, m.larger_is_better});
    }
  }
  return out;
}

}  // namespace

Sweep::Sweep(const SweepOptions& options, std::vector<GridAxis> axes)
    : options_(options), axes_(std::move(axes)), source_(read_file(options.model.file)) {
  for (std::vector<std::string>& values : combinations(axes_)) rows_.push_back({std::move(values), {}});
  check_combinations();
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (int64_t fold = 0; fold < std::max<int64_t>(options.folds, 1); ++fold) {
      for (int64_t seed = 0; seed < options.seeds; ++seed) {
        places_.push_back({row, rows_[row].runs.size()});
        rows_[row].runs.push_back({.fold = fold, .seed = seed});
      }
    }
  }
  kept_.resize(rows_.size());
  kept_values_.resize(rows_.size());
  int most = options.jobs > 0 ? options.jobs : available_processors();
  jobs_ = static_cast<int>(std::min<size_t>(static_cast<size_t>(most), places_.size()));
  choose_metric(*make_trainer(places_[0]));
}

Module Sweep::module_of(const SweepRow& row, int64_t fold, Diagnostics& diagnostics) const {
  Overrides settings = options_.model.settings;
  for (std::string& s : settings_of(axes_, row.values)) settings.push_back(std::move(s));
  if (options_.folds > 0) {
    settings.push_back("train.split=folds");
    settings.push_back(fmt::format("train.split.folds={}", options_.folds));
    settings.push_back(fmt::format("train.split.fold={}", fold));
  }
  std::optional<Module> module = elaborate(file_, diagnostics, settings);
  return module ? std::move(*module) : Module{};
}

// Says what is wrong with the first that is.
void Sweep::check_combinations() {
  Diagnostics syntax(options_.model.file, source_);
  file_ = parse(syntax);
  for (const SweepRow& row : rows_) {
    Diagnostics diagnostics = syntax;
    Module module = module_of(row, 0, diagnostics);
    if (diagnostics.has_errors()) {
      print_diagnostics(diagnostics, options_.model.message_format);
      throw Reported{};
    }
    if (&row == rows_.data()) data_ = read_data(module, options_.model, options_.run.data);
  }
}

void Sweep::choose_metric(const Trainer& trainer) {
  std::vector<SweepMetric> known = metrics_of(trainer);
  std::string name = options_.metric;
  if (name.empty()) {
    const BoundData& data = trainer.data();
    name = has(data.validation) ? "val_loss" : has(data.test) ? "test_loss" : "loss";
  }
  std::vector<std::string> names;
  for (const SweepMetric& m : known) {
    if (m.name == name) metric_ = m;
    names.push_back(m.name);
  }
  if (!metric_.name.empty()) return;
  std::vector<std::string> notes = {fmt::format("there are {}", fmt::join(names, ", "))};
  if (auto meant = suggest(name, names))
    notes.insert(notes.begin(), fmt::format("did you mean '{}'?", *meant));
  throw Error(fmt::format("nothing measures '{}'", name), notes);
}

std::unique_ptr<Trainer> Sweep::make_trainer(const Place& place) const {
  const SweepRow& row = rows_[place.row];
  const SweepRun& run = row.runs[place.run];
  Diagnostics diagnostics(options_.model.file, source_);
  Module module = module_of(row, run.fold, diagnostics);
  TrainerOptions options = options_.run.trainer_options();
  options.seed = options.seed.value_or(module.spec->seed) + run.seed;
  if (options.engine.threads == 0) options.engine.threads = std::max(1, available_processors() / jobs_);
  auto trainer = std::make_unique<Trainer>(std::move(module), options);
  trainer->set_data(data_);
  return trainer;
}

bool Sweep::run() {
  progress_.emplace(places_.size());
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs_; ++i) threads.emplace_back([this] { work(); });
  work();
  for (std::thread& t : threads) t.join();
  progress_->clear();
  return std::all_of(rows_.begin(), rows_.end(), [](const SweepRow& r) { return r.complete(); });
}

void Sweep::work() {
  for (size_t number; !interrupted() && (number = next_++) < places_.size();) run_one(number);
}

// What goes wrong with a run is its row's to say, and no reason to give up the others.
void Sweep::run_one(size_t number) {
  const Place& place = places_[number];
  SweepRun outcome = rows_[place.row].runs[place.run];
  std::unique_ptr<Trainer> trainer;
  auto start = std::chrono::steady_clock::now();
  try {
    trainer = make_trainer(place);
    if (!train(*trainer, number, outcome)) return;
  } catch (const std::bad_alloc&) {
    outcome.failure = "out of memory";
  } catch (const std::exception& e) {
    outcome.failure = e.what();
  }
  outcome.done = true;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  keep(place, outcome, std::move(trainer), number);
}

bool Sweep::train(Trainer& trainer, size_t number, SweepRun& outcome) {
  int64_t epochs = options_.epochs.value_or(trainer.module().spec->epochs);
  trainer.initialize();
  std::vector<double> values;
  for (int64_t epoch = 1; epoch <= epochs && trainer.stop_reason().empty(); ++epoch) {
    EpochReport report = trainer.train_epoch([&](int64_t step, int64_t steps, double) {
      double done = static_cast<double>(epoch - 1) + static_cast<double>(step) / static_cast<double>(steps);
      progress_->update(number, done / static_cast<double>(epochs));
      return !interrupted();
    });
    if (!report.complete) return false;
    values.push_back(value_of(report, metric_.name).value_or(std::nan("")));
  }
  trainer.require_sound();
  int64_t best = trainer.restore_best();
  outcome.value = values.empty() ? std::nan("")
                  : best > 0     ? values[static_cast<size_t>(best) - 1]
                                 : values.back();
  if (std::isnan(outcome.value)) outcome.failure = fmt::format("{} is nan", metric_.name);
  return true;
}

void Sweep::keep(const Place& place, const SweepRun& outcome, std::unique_ptr<Trainer> trainer,
                 size_t number) {
  std::lock_guard lock(mutex_);
  SweepRow& row = rows_[place.row];
  row.runs[place.run] = outcome;
  std::unique_ptr<Trainer>& kept = kept_[place.row];
  double& value = kept_values_[place.row];
  bool better = !kept || (metric_.larger_is_better ? outcome.value > value : outcome.value < value);
  if (options_.keep_best && outcome.failure.empty() && better) {
    kept = std::move(trainer);
    value = outcome.value;
  }
  const SweepRow* best = best_row();
  for (SweepRow& other : rows_) {
    if (other.complete() && &other != best) kept_[static_cast<size_t>(&other - rows_.data())].reset();
  }
  std::string what = outcome.failure.empty() ? fmt::format("{} {}", metric_.name, short_number(outcome.value))
                                             : "failed: " + outcome.failure;
  std::string leader = best ? fmt::format("{} {}", metric_.name, short_number(best->mean())) : "";
  progress_->finish(number, fmt::format("{}{}  {:.1f} s", label(place), what, outcome.seconds), leader);
}

// "train.lr=1e-2  fold 2  seed 1  ".
std::string Sweep::label(const Place& place) const {
  std::string out;
  for (const std::string& s : settings_of(axes_, rows_[place.row].values)) out += s + "  ";
  const SweepRun& run = rows_[place.row].runs[place.run];
  if (options_.folds > 0) out += fmt::format("fold {}  ", run.fold);
  if (options_.seeds > 1) out += fmt::format("seed {}  ", run.seed);
  return out;
}

const SweepRow* Sweep::best_row() const {
  const SweepRow* best = nullptr;
  for (const SweepRow& row : rows_) {
    if (!row.complete() || row.failed() == row.runs.size()) continue;
    if (best == nullptr || metric_.before(row, *best)) best = &row;
  }
  return best;
}

const Trainer* Sweep::best() const {
  const SweepRow* row = best_row();
  return row == nullptr ? nullptr : kept_[static_cast<size_t>(row - rows_.data())].get();
}

}  // namespace nnc::tool
