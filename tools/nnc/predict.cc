// nnc predict: what a trained model says about new inputs.
#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "runtime/file.h"
#include "runtime/npy.h"
#include "tools/nnc/input_table.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/predictions.h"

namespace nnc::tool {
namespace {

struct PredictOptions {
  ModelOptions model;
  RunOptions run;
  std::string weights, output, format;
  std::vector<std::string> inputs, select;
  bool raw = false;
};

/// What --format says, or the name of the output.
std::string format_of(const PredictOptions& o) {
  if (!o.format.empty()) return o.format;
  if (o.output.empty()) return "csv";
  std::string extension = std::filesystem::path(o.output).extension().string();
  for (const char* known : {"csv", "json", "npy"}) {
    if (extension == std::string(".") + known) return known;
  }
  throw Error(fmt::format("the name {} does not say what to write", o.output),
              {"give --format csv, json or npy"});
}

std::vector<NamedTensor> selected(std::vector<NamedTensor> outputs, const std::vector<std::string>& names) {
  if (outputs.empty()) throw Error("the model has no output");
  if (names.empty()) return outputs;
  std::vector<NamedTensor> out;
  std::vector<std::string> all;
  for (const NamedTensor& o : outputs) all.push_back(o.name);
  for (const std::string& name : names) {
    auto found = std::ranges::find(outputs, name, &NamedTensor::name);
    if (found == outputs.end())
      throw Error(fmt::format("the model has no output '{}'", name),
                  {fmt::format("its outputs are {}", fmt::join(all, ", "))});
    out.push_back(*found);
  }
  return out;
}

void write_array(const std::vector<NamedTensor>& outputs, const std::string& path) {
  if (path.empty()) throw Error("an array is written to a file", {"say which by -o FILE.npy"});
  if (outputs.size() > 1) {
    throw Error(fmt::format("the model has {} outputs, and an array holds one", outputs.size()),
                {fmt::format("choose it, as by --select {}", outputs[0].name)});
  }
  save_npy(path, outputs[0].tensor);
}

void write_text(const std::string& text, const std::string& path) {
  if (path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::string_view part = text;
  write_file_atomically(path, std::span(&part, 1));
}

void run(const PredictOptions& o) {
  std::string format = format_of(o);
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  load_trained(trainer, o.weights);
  const auto& spec = trainer.module().spec;
  std::vector<NamedTensor> outputs = selected(trainer.predict(read_inputs(o.inputs, trainer)), o.select);
  if (format == "npy") return write_array(outputs, o.output);
  bool classes = spec && !o.raw;
  Predictions table =
      tabulate(outputs, classes ? spec->scores : std::vector<ClassScores>(), trainer.learnt());
  write_text(format == "json" ? to_json(table) : to_csv(table), o.output);
}

}  // namespace

void add_predict(CLI::App& app) {
  auto o = std::make_shared<PredictOptions>();
  CLI::App* command = add_command(
      app, group::kTraining, "predict", "Run a trained model on new inputs",
      {{"nnc predict examples/iris.nn --weights iris.safetensors --input flowers.csv",
        "the species and each one's probability, a line per flower"},
       {"nnc predict examples/penguins.nn --weights penguins.safetensors --input - --format json",
        "for a table from standard input"},
       {"nnc predict examples/digits.nn --weights digits.safetensors --input image=images.npy -o logits.npy",
        "an array for one input, and what the model puts out as an array"}});
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--weights", o->weights, "The weights, or a checkpoint")
      ->type_name("FILE.safetensors")
      ->required();
  command
      ->add_option(
          "--input", o->inputs,
          "A CSV table or NPZ archive with the columns of the inputs, an NPY or IDX array, or a text "
          "(- for standard input); where the model has several inputs, INPUT=FILE for each array")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("-o,--output", o->output,
                   "Write predictions here: .csv, .json or .npy; else they are printed")
      ->type_name("FILE");
  command->add_option("--format", o->format, "What to write, whatever the file is called")
      ->type_name("{csv,json,npy}")
      ->check(one_of({"csv", "json", "npy"}));
  command->add_option("--select", o->select, "Only this output of the model (may be repeated)")
      ->type_name("OUTPUT");
  command->add_flag("--raw", o->raw,
                    "The model's numbers, where predictions would be classes and probabilities");
  command->callback([o] { with_places(o->model, [&] { run(*o); }); });
}

}  // namespace nnc::tool
