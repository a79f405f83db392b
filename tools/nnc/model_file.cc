#include "tools/nnc/model_file.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/parser.h"
#include "ir/placed_error.h"
#include "runtime/data_source.h"
#include "runtime/file.h"

namespace nnc::tool {

void ModelOptions::add_to(CLI::App& command) {
  command.add_option("file", file, "The model file")->type_name("FILE.nn")->required();
  command
      .add_option("--set", settings,
                  "Replace a setting of the file, as in --set train.lr=3e-4 (may be repeated)")
      ->type_name("NAME=VALUE");
  command.add_option("--message-format", message_format, "How diagnostics are printed")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
}

std::string ModelOptions::folder() const { return std::filesystem::path(file).parent_path().string(); }

void RunOptions::add_to(CLI::App& command, bool with_mode) {
  add_without_batch_to(command, with_mode);
  command.add_option("--batch", batch, "Samples per batch")->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
}

void RunOptions::add_without_batch_to(CLI::App& command, bool with_mode) {
  command.add_option("--data", data, "Data to use instead of what the model file names: a file or a folder")
      ->type_name("PATH");
  command.add_option("--threads", threads, "Threads to use; 0 takes every processor")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_option("--target", target, "Machine to compile for")
      ->type_name("{host,avx2,avx512}")
      ->capture_default_str();
  command.add_flag("--no-cache", no_cache, "Compile every kernel, and keep none for later runs");
  if (!with_mode) return;
  command.add_option("--mode", mode, "How graphs are run")
      ->check(one_of({"fused", "unfused", "interpreted"}))
      ->capture_default_str();
}

TrainerOptions RunOptions::trainer_options() const {
  EngineOptions engine{.mode = execution_mode_from_name(mode), .threads = threads, .target = target};
  if (no_cache) engine.cache = CacheOptions{};
  return {.engine = std::move(engine), .batch = batch, .seed = seed};
}

namespace {

// "more: nnc explain-error shape type", each code once.
std::string explanation_of(const Diagnostics& diagnostics) {
  std::string out = "more: nnc explain-error";
  std::set<std::string_view> seen;
  for (const Diagnostic& d : diagnostics.sorted()) {
    if (seen.insert(d.code.name()).second) out += fmt::format(" {}", d.code.name());
  }
  return out + "\n";
}

}  // namespace

void print_diagnostics(const Diagnostics& diagnostics, const std::string& format) {
  bool json = format == "json";
  std::string text = json ? diagnostics.render_json() : diagnostics.render(isatty(STDERR_FILENO));
  if (!json && diagnostics.has_errors()) text += explanation_of(diagnostics);
  std::fputs(text.c_str(), stderr);
}

Module load_module(const ModelOptions& options) {
  Diagnostics diagnostics(options.file, read_file(options.file));
  ast::File file = parse(diagnostics);
  std::optional<Module> module = elaborate(file, diagnostics, options.settings);
  print_diagnostics(diagnostics, options.message_format);
  if (diagnostics.has_errors() || !module) throw Reported{};
  return std::move(*module);
}

void with_places(const ModelOptions& options, const std::function<void()>& run) {
  try {
    run();
  } catch (const PlacedError& e) {
    Diagnostics diagnostics(options.file, read_file(options.file));
    diagnostics.error(e.code(), e.loc(), e);
    print_diagnostics(diagnostics, options.message_format);
    throw Reported{};
  }
}

Dataset read_data(const Module& module, const ModelOptions& model, const std::string& data,
                  const Learnt& known) {
  if (!module.spec) throw Error(fmt::format("{} has no train block: it names no data or loss", model.file));
  const std::optional<DataSpec>& spec = module.spec->data;
  if (data.empty() && !spec) {
    throw Error(fmt::format("{} names no data", model.file),
                {"add a line like `data csv(\"points.csv\")`, or give --data"});
  }
  return data.empty() ? load_data(*spec, model.folder(), known) : load_data(with_path(spec, data), "", known);
}

void check_writable(const std::string& output) {
  if (output.empty()) return;
  std::filesystem::path folder = std::filesystem::path(output).parent_path();
  if (folder.empty()) folder = ".";
  if (access(folder.c_str(), W_OK) != 0) {
    throw Error(fmt::format("cannot write {}: the folder {} does not exist or is not writable", output,
                            folder.string()));
  }
}

void load_data_into(Trainer& trainer, const ModelOptions& model, const std::string& data) {
  trainer.set_data(read_data(trainer.module(), model, data, trainer.learnt()));
}

void load_trained(Trainer& trainer, const std::string& weights) {
  trainer.load_weights(weights);
  const std::optional<TrainSpec>& spec = trainer.module().spec;
  if (!spec || spec->columns.empty() || !trainer.learnt().empty()) return;
  throw Error(fmt::format("{} does not say how the columns of its data were prepared", weights),
              {"weights that nnc train writes do"});
}

}  // namespace nnc::tool
