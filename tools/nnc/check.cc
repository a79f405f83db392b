// nnc check: every diagnostic of a model file, without generating code.
#include <memory>

#include <fmt/format.h>

#include "ir/parser.h"
#include "ir/placed_error.h"
#include "passes/training_step.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "tools/nnc/model_file.h"

namespace nnc::tool {
namespace {

// A loss that cannot be differentiated shows only when the step is built.
void check_gradients(const Module& module, Diagnostics& diagnostics) {
  if (!module.spec) return;
  try {
    training_step(module);
  } catch (const PlacedError& e) {
    diagnostics.error(e.code(), e.loc(), e);
  }
}

void run(const ModelOptions& options) {
  Diagnostics diagnostics(options.file, read_file(options.file));
  ast::File file = parse(diagnostics);
  std::optional<Module> module = elaborate(file, diagnostics, options.settings, [&](const DataSpec& data) {
    check_data(data, options.folder(), diagnostics);
  });
  if (module) check_gradients(*module, diagnostics);
  print_diagnostics(diagnostics, options.message_format);
  if (diagnostics.has_errors()) throw Reported{};
  if (options.message_format == "text") fmt::print("{}: no errors\n", options.file);
}

}  // namespace

void add_check(CLI::App& app) {
  auto options = std::make_shared<ModelOptions>();
  CLI::App* command = add_command(
      app, group::kModels, "check", "Report every mistake in a model file, with places and suggestions",
      {{"nnc check examples/digits.nn", "is it right?"},
       {"nnc check examples/digits.nn --set model.hidden1=256 --message-format json",
        "with another setting, one JSON object per mistake"}});
  options->add_to(*command);
  command->callback([options] { run(*options); });
}

}  // namespace nnc::tool
