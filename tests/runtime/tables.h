// A model file and the CSV files it is trained on, later evaluated and run on, in a folder of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "ir/parser.h"
#include "runtime/data_source.h"
#include "runtime/trainer.h"
#include "tests/runtime/bad_files.h"

namespace nnc {

/// What a model sees of its data. Interpreted: nothing is compiled.
class TableModel {
 public:
  /// `fields` are the model's inputs, `train` lines of its train block besides data, loss and optimizer.
  TableModel(const std::string& fields, const std::string& train, const std::string& csv_arguments = "") {
    Diagnostics diagnostics("net.nn", "model Net {\n" + fields + "\n param w: f32[] = 1\n output y = w\n}\n" +
                                          "train Net {\n data csv(\"a.csv\"" + csv_arguments + ")\n" + train +
                                          "\n loss y\n optimizer sgd\n}\n");
    std::optional<Module> module = elaborate(parse(diagnostics), diagnostics);
    if (!module) throw Error(diagnostics.render());
    EngineOptions engine{.mode = ExecutionMode::Interpreted, .threads = 1};
    trainer_ = std::make_unique<Trainer>(std::move(*module), TrainerOptions{.engine = engine});
    trainer_->initialize();
  }

  /// Reads the text as the model's data: the first to learn from, later ones as for weights that were trained.
  const BoundData& read(const std::string& csv) {
    folder_.write("a.csv", csv);
    trainer_->set_data(load_data(*trainer_->module().spec->data, folder_.path(), trainer_->learnt()));
    return trainer_->data();
  }

  /// The error of reading the text, without the folder's name.
  std::string error(const std::string& csv) {
    std::string text = error_of([&] { read(csv); });
    for (size_t at; (at = text.find(folder_.path() + "/")) != std::string::npos;)
      text.erase(at, folder_.path().size() + 1);
    return text;
  }

  Trainer& trainer() { return *trainer_; }
  const TestFolder& folder() const { return folder_; }

 private:
  TestFolder folder_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace nnc
