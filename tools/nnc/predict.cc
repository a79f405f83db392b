// nnc predict: the model's outputs for inputs in NPY files.
#include <memory>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/npy.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/npy_inputs.h"

namespace nnc::tool {
namespace {

struct PredictOptions {
  ModelOptions model;
  RunOptions run;
  std::string weights, output;
  std::vector<std::string> inputs;
};

void print_rows(const NamedTensor& output) {
  int64_t rows = output.tensor.rank() == 0 ? 1 : output.tensor.shape()[0];
  int64_t width = rows == 0 ? 0 : output.tensor.count() / rows;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < width; ++c)
      fmt::print("{}{}", c ? "," : "", output.tensor.literal(r * width + c).str());
    fmt::print("\n");
  }
}

void run(const PredictOptions& o) {
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  std::vector<Tensor> inputs = read_npy_inputs(o.inputs, trainer.input_fields());
  trainer.load_weights(o.weights);
  std::vector<NamedTensor> outputs = trainer.predict(inputs);
  if (outputs.empty()) throw Error("the model has no output");
  if (o.output.empty()) return print_rows(outputs[0]);
  save_npy(o.output, outputs[0].tensor);
}

}  // namespace

void add_predict(CLI::App& app) {
  auto o = std::make_shared<PredictOptions>();
  CLI::App* command = add_command(
      app, group::kTraining, "predict", "Run a trained model on new inputs",
      {{"nnc predict examples/digits.nn --weights digits.safetensors --input images.npy",
        "a line of outputs per sample"},
       {"nnc predict examples/digits.nn --weights digits.safetensors --input image=images.npy -o logits.npy",
        "an input by its name, outputs to a file"}});
  o->model.add_to(*command);
  o->run.add_to(*command);
  command->add_option("--weights", o->weights, "The weights, or a checkpoint")
      ->type_name("FILE.safetensors")
      ->required();
  command->add_option("--input", o->inputs, "An input; where the model has several, NAME=FILE.npy for each")
      ->type_name("FILE.npy")
      ->required();
  command->add_option("-o,--output", o->output, "Write the first output here; without it, rows are printed")
      ->type_name("FILE.npy");
  command->callback([o] { run(*o); });
}

}  // namespace nnc::tool
