// Reading a model file for a subcommand, with its diagnostics printed, and the options that subcommands share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/module.h"
#include "runtime/trainer.h"
#include "tools/nnc/command.h"

namespace nnc::tool {

/// FILE.nn and how its diagnostics are shown.
struct ModelOptions {
  std::string file;
  std::vector<std::string> settings;
  std::string message_format = "text";

  void add_to(CLI::App& command);
  /// The folder of the file: data paths in it are relative to that.
  std::string folder() const;
};

/// How to run a model.
struct RunOptions {
  std::string data, mode = "fused", target = "host";
  int threads = 0;
  bool no_cache = false;
  std::optional<int64_t> batch, seed;

  void add_to(CLI::App& command, bool with_mode = true);
  /// All but --batch.
  void add_without_batch_to(CLI::App& command, bool with_mode = true);
  TrainerOptions trainer_options() const;
};

/// Prints every diagnostic and throws Reported when the file has errors.
Module load_module(const ModelOptions& options);

/// Does what a subcommand does. A PlacedError is printed as a diagnostic of the file, and ends in Reported.
void with_places(const ModelOptions& options, const std::function<void()>& run);

/// Prints what `diagnostics` holds to standard error in the chosen format.
void print_diagnostics(const Diagnostics& diagnostics, const std::string& format);

/// Loads weights to evaluate or predict with. Throws Error where they leave open what the model file asks for.
void load_trained(Trainer& trainer, const std::string& weights);

/// The data of the model, or of --data instead. With `known`, from weights that these data are for.
Dataset read_data(const Module& module, const ModelOptions& model, const std::string& data,
                  const Learnt& known = {});

/// A long run must not fail at its end for a folder that was never there: throws Error unless `output` can be written.
/// Empty is no file.
void check_writable(const std::string& output);

/// Reads the data of the model (or of --data) into the trainer, as what it knows from weights says.
void load_data_into(Trainer& trainer, const ModelOptions& model, const std::string& data);

}  // namespace nnc::tool
