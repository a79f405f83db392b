// nnc explain: how much each element of a sample's inputs contributes to an output of the model, or to the loss.
#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "runtime/attribution.h"
#include "runtime/file.h"
#include "tools/nnc/data_part.h"
#include "tools/nnc/explained_sample.h"
#include "tools/nnc/explanation_picture.h"
#include "tools/nnc/input_table.h"
#include "tools/nnc/model_file.h"
#include "tools/nnc/output_element.h"

namespace nnc::tool {
namespace {

struct ExplainOptions {
  ModelOptions model;
  RunOptions run;
  std::string weights, part, of, element, method = "gradient_x_input", output;
  std::vector<std::string> inputs;
  int64_t sample = 0;
  AttributionOptions attribution;
  bool json = false;
};

using Writer = std::string (*)(const Explanation&);
struct Format {
  const char* extension;
  Writer write;
};
constexpr Format kFormats[] = {
    {".svg", explanation_svg}, {".png", explanation_png}, {".csv", csv_of}, {".json", json_of}};

Writer writer_for(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension();
  for (const Format& f : kFormats) {
    if (extension == f.extension) return f.write;
  }
  throw Error(fmt::format("cannot tell what to write from the name {}", path),
              {"end it in .svg, .png, .csv or .json"});
}

// "digit = 5, …": what the data say of the sample.
std::string targets_text(const Trainer& trainer, const ExplainedSample& sample) {
  std::string out;
  std::vector<DataField> fields = trainer.target_fields();
  for (size_t i = 0; i < sample.targets.size(); ++i) {
    const Tensor& t = sample.targets[i];
    if (t.count() != 1) continue;
    std::vector<std::string> names = trainer.learnt().names_of(fields[i].name);
    bool named = fields[i].classes && t.get(0) >= 0 && t.get(0) < static_cast<double>(names.size());
    std::string value = named ? names[t.get_int(0)] : fmt::format("{:.6g}", t.get(0));
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", fields[i].name, value);
  }
  return out.empty() ? "" : " (" + out + ")";
}

/// The sample, and how people call it.
struct Chosen {
  ExplainedSample sample;
  std::string name;
};

Chosen choose(Trainer& trainer, const ExplainOptions& o) {
  if (!o.inputs.empty()) {
    BoundTable table = table_of_inputs(read_inputs(o.inputs, trainer));
    return {sample_of(table, o.sample, "the file"),
            fmt::format("sample {} of {}", o.sample, fmt::join(o.inputs, ", "))};
  }
  load_data_into(trainer, o.model, o.run.data);
  DataPart part = find_part(trainer.data(), o.part);
  std::string where = fmt::format("the {} part", part.text);
  ExplainedSample sample = sample_of(part.table, o.sample, where);
  std::string name = fmt::format("sample {} of {}{}", o.sample, where, targets_text(trainer, sample));
  return {std::move(sample), std::move(name)};
}

std::vector<ExplainedInput> explained_inputs(const Trainer& trainer, const ExplainedSample& sample,
                                             const Attribution& a) {
  std::vector<ExplainedInput> out;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    std::vector<int64_t> shape = shape_of_one(sample.inputs[i]);
    const std::string& name = a.inputs[i].name;
    out.push_back({name, sample.inputs[i].reshaped(shape), a.inputs[i].tensor.reshaped(shape),
                   feature_names(trainer.learnt(), name, sample.inputs[i].count())});
  }
  return out;
}

/// What was found, and what it is about.
struct Found {
  std::string what;
  Attribution attribution;
};

Found explain_loss(Trainer& trainer, const ExplainOptions& o, const ExplainedSample& sample,
                   const AttributionOptions& options) {
  if (!o.inputs.empty())
    throw Error("the loss wants targets, which --input does not give", {"take a --sample of the data"});
  if (!o.element.empty()) throw Error("the loss is one number: it has no --class");
  return {"the loss", Attributor::of_loss(trainer).explain(sample, 0, options)};
}

Found explain_output(Trainer& trainer, const ExplainOptions& o, const ExplainedSample& sample,
                     const AttributionOptions& options) {
  std::vector<NamedTensor> outputs = trainer.predict(sample.inputs);
  const NamedTensor& output = find_output(outputs, o.of);
  OutputElement element = find_element(output, element_names(trainer, output.tensor.count()), o.element);
  return {element.name, Attributor(trainer, output.name).explain(sample, element.index, options)};
}

bool is_output(const Trainer& trainer, const std::string& name) {
  return std::ranges::find(trainer.module().outputs, name) != trainer.module().outputs.end();
}

Explanation explain(Trainer& trainer, const ExplainOptions& o) {
  Chosen chosen = choose(trainer, o);
  AttributionOptions options = o.attribution;
  options.method = attribution_method(o.method);
  options.ranges = noise_ranges(trainer.data().train, chosen.sample);
  bool loss = o.of == "loss" && !is_output(trainer, o.of);
  Found found = (loss ? explain_loss : explain_output)(trainer, o, chosen.sample, options);
  Explanation out{chosen.name, found.what, o.method, found.attribution.value, {}, {}};
  if (options.method == AttributionMethod::IntegratedGradients)
    out.baseline_value = found.attribution.baseline_value;
  out.inputs = explained_inputs(trainer, chosen.sample, found.attribution);
  return out;
}

void run(const ExplainOptions& o) {
  Writer write = o.output.empty() ? nullptr : writer_for(o.output);
  Trainer trainer(load_module(o.model), o.run.trainer_options());
  load_trained(trainer, o.weights);
  Explanation e = explain(trainer, o);
  if (write != nullptr) {
    std::string content = write(e);
    std::string_view parts[] = {content};
    write_file_atomically(o.output, parts);
  }
  fmt::print("{}", o.json ? json_of(e) : text_of(e));
}

struct MethodOption {
  const char *option, *method;
};
constexpr MethodOption kMethodOptions[] = {{"--steps", "integrated_gradients"},
                                           {"--baseline", "integrated_gradients"},
                                           {"--samples", "smooth_grad"},
                                           {"--noise", "smooth_grad"},
                                           {"--seed", "smooth_grad"}};

void check_method_options(const CLI::App& command, const ExplainOptions& o) {
  for (const MethodOption& m : kMethodOptions) {
    if (command.count(m.option) > 0 && o.method != m.method)
      throw Error(fmt::format("{} means nothing to {}", m.option, o.method),
                  {fmt::format("it belongs to --method {}", m.method)});
  }
}

void add_method_options(CLI::App& command, ExplainOptions& o) {
  command.add_option("--method", o.method, "How contributions are measured")
      ->check(one_of({"gradient_x_input", "integrated_gradients", "smooth_grad"}))
      ->capture_default_str();
  AttributionOptions& a = o.attribution;
  command.add_option("--steps", a.steps, "Of integrated gradients: points between baseline and sample")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  command
      .add_option("--baseline", a.baseline,
                  "Of integrated gradients: every element of the sample that shows nothing")
      ->type_name("X")
      ->capture_default_str();
  command.add_option("--samples", a.samples, "Of smooth_grad: noisy samples")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  command
      .add_option(
          "--noise", a.noise,
          "Of smooth_grad: its deviation, as a share of a feature's range in the data or of an image's own")
      ->type_name("X")
      ->capture_default_str();
  command.add_option("--seed", a.seed, "Of smooth_grad: the seed of the noise")->capture_default_str();
}

}  // namespace

void add_explain(CLI::App& app) {
  auto o = std::make_shared<ExplainOptions>();
  CLI::App* command = add_command(
      app, group::kTraining, "explain", "What each part of a sample contributes to a prediction",
      {{"nnc explain examples/digits.nn --weights digits.safetensors --sample 3 -o three.svg",
        "sample 3 of the test part: its image beside a heat map"},
       {"nnc explain examples/digits.nn --weights digits.safetensors --method integrated_gradients --class 7",
        "why it might be a 7"},
       {"nnc explain examples/digits.nn --weights digits.safetensors --of loss --json",
        "what makes the loss of the first sample large, as JSON"}});
  o->model.add_to(*command);
  o->run.add_without_batch_to(*command);
  command->add_option("--weights", o->weights, "The weights, or a checkpoint")
      ->type_name("FILE.safetensors")
      ->required();
  CLI::Option* part =
      command
          ->add_option("--part", o->part,
                       "The part of the data to take the sample from; without it test, else validation")
          ->check(one_of({"train", "validation", "test"}));
  command->add_option("--sample", o->sample, "Which sample of the data, or of --input, from 0")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
  command
      ->add_option("--input", o->inputs,
                   "A CSV table, an NPZ archive, an NPY or IDX array, or a text, as for nnc predict; where "
                   "the model has several inputs, "
                   "INPUT=FILE for each array")
      ->type_name("FILE")
      ->excludes(part)
      ->excludes(command->get_option("--data"));
  command->add_option("--of", o->of, "The output to explain, or loss; without it the first output")
      ->type_name("NAME");
  command
      ->add_option("--class", o->element,
                   "The class, or the index of the output's element; without it the predicted one")
      ->type_name("NAME");
  add_method_options(*command, *o);
  command
      ->add_option("-o,--output", o->output, "Write a picture (.svg, .png) or all numbers (.csv, .json) here")
      ->type_name("FILE");
  command->add_flag("--json", o->json, "Print one JSON object");
  command->callback([o, command] {
    check_method_options(*command, *o);
    with_places(o->model, [&] { run(*o); });
  });
}

}  // namespace nnc::tool
