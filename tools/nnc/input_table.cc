#include "tools/nnc/input_table.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "runtime/convert.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/learn.h"

namespace nnc::tool {
namespace {

class InputReader {
 public:
  explicit InputReader(const Trainer& trainer)
      : trainer_(trainer), fields_(trainer.input_fields()), learnt_(trainer.learnt()) {}

  Table run(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
      auto [field, path] = field_and_path(argument);
      Table samples = read(path);
      if (samples[0].name.empty()) {
        add_array(field ? *field : only_field(path), std::move(samples[0]));
      } else if (field) {
        add_array(*field, std::move(column_for(*field, samples, path)));
      } else {
        for (Column& c : samples) add_named(std::move(c));
      }
    }
    check_lengths();
    return std::move(table_);
  }

 private:
  /// What stands before `=` is an input where one is called so; else it belongs to the path.
  std::pair<const DataField*, std::string> field_and_path(const std::string& argument) const {
    size_t equals = argument.find('=');
    for (const DataField& f : fields_) {
      if (equals != std::string::npos && argument.substr(0, equals) == f.name)
        return {&f, argument.substr(equals + 1)};
    }
    if (equals == std::string::npos || file_exists(argument)) return {nullptr, argument};
    throw Error(fmt::format("the model has no input '{}'", argument.substr(0, equals)),
                {"its inputs are " + names_of_fields()});
  }

  std::string names_of_fields() const {
    std::vector<std::string> names;
    for (const DataField& f : fields_) names.push_back(f.name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const DataField& only_field(const std::string& path) const {
    if (fields_.size() == 1) return fields_[0];
    throw Error(fmt::format("the model has {} inputs ({}): say which one {} is", fields_.size(),
                            names_of_fields(), path),
                {fmt::format("as in --input {}={}", fields_[0].name, path)});
  }

  static std::string standard_input() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

  Table read(const std::string& path) const {
    bool standard = path == "-";
    if (!standard && std::filesystem::is_directory(path))
      throw Error(fmt::format("{} is a folder: which of its files are inputs is not said", path),
                  {fmt::format("name a file, as in --input {}={}", fields_.empty() ? "x" : fields_[0].name,
                               (std::filesystem::path(path) / "FILE").string())});
    const std::optional<TrainSpec>& spec = trainer_.module().spec;
    return read_samples(standard ? standard_input() : read_file_or_gzip(path),
                        standard ? "standard input" : path, spec ? spec->data : std::nullopt, learnt_);
  }

  /// The column called like the field, or the only one.
  static Column& column_for(const DataField& field, Table& samples, const std::string& path) {
    if (Column* named = find_column(samples, field.name)) return *named;
    if (samples.size() == 1) return samples[0];
    throw Error(
        fmt::format("{} has {} columns, and none is called '{}'", path, samples.size(), field.name),
        {fmt::format("give it as --input {}, where columns are taken by the names they had in training",
                     path)});
  }

  /// Several numbers a sample under the name of an input are that input, whatever its columns were called.
  void add_named(Column column) {
    auto field = std::ranges::find(fields_, column.name, &DataField::name);
    if (field != fields_.end() && column.values.rank() > 1) return add_array(*field, std::move(column));
    add_column(std::move(column));
  }

  void add_array(const DataField& field, Column array) {
    const Tensor& values = array.values;
    auto known = learnt_.fields.find(field.name);
    std::vector<std::string> columns =
        known == learnt_.fields.end() ? std::vector{field.name} : known->second;
    if (columns.size() == 1) return add_as(columns[0], std::move(array));
    auto width = static_cast<int64_t>(columns.size());
    bool side_by_side = values.rank() == 2 && values.shape()[1] == width;
    if (!side_by_side && std::ranges::any_of(columns, [&](const auto& c) { return is_prepared(c); })) {
      throw Error(
          fmt::format("input '{}' was made of {} columns ({}), and {} is {}", field.name, width,
                      fmt::join(columns, ", "), array.place, values.type_str()),
          {"give a table that has them, or an array with one column for each, before any preparation"});
    }
    if (!side_by_side) return add_as(field.name, std::move(array));
    for (int64_t c = 0; c < width; ++c) {
      Tensor column(values.dtype(), {values.shape()[0]});
      for (int64_t i = 0; i < column.count(); ++i) column.set(i, values.literal(i * width + c));
      add_as(columns[static_cast<size_t>(c)], {.values = std::move(column), .place = array.place});
    }
  }

  bool is_prepared(const std::string& column) const {
    return std::ranges::find(learnt_.preparations, column, &Preparation::column) !=
           learnt_.preparations.end();
  }

  void add_as(const std::string& name, Column column) {
    column.name = name;
    add_column(std::move(column));
  }

  /// Whole numbers of a column that was text are the indices of its names.
  void add_column(Column column) {
    auto names = learnt_.names.find(column.name);
    if (column.codes && names == learnt_.names.end()) {
      throw Error(
          fmt::format("{} is text, and the weights do not say which index a character has", column.place),
          {"give an array of indices, or weights that were trained on text"});
    }
    if (names != learnt_.names.end() && !column.is_text() && is_integer(column.values.dtype())) {
      column.values = convert_exactly(std::move(column.values), DType::I32, column.place);
      column.classes = names->second;
    }
    add(std::move(column));
  }

  void add(Column column) {
    if (find_column(table_, column.name) != nullptr)
      throw Error(fmt::format("{}: there are values of '{}' already", column.place, column.name));
    table_.push_back(std::move(column));
  }

  bool is_used(const Column& column) const {
    return std::ranges::any_of(fields_, [&](const DataField& f) {
      auto known = learnt_.fields.find(f.name);
      return known == learnt_.fields.end()
                 ? f.name == column.name
                 : std::ranges::find(known->second, column.name) != known->second.end();
    });
  }

  /// Beside columns that inputs are made of, an archive may hold arrays of other lengths.
  void check_lengths() {
    auto used = std::ranges::find_if(table_, [&](const Column& c) { return is_used(c); });
    if (used != table_.end() && used->values.rank() > 0) {
      std::erase_if(table_, [&, samples = used->samples()](const Column& c) {
        return !is_used(c) && (c.values.rank() == 0 || c.samples() != samples);
      });
    }
    for (const Column& c : table_) {
      if (c.values.rank() == 0 && !c.problem.empty()) throw Error(c.problem);
      if (c.values.rank() == 0) throw Error(fmt::format("{}: a scalar has no axis for samples", c.place));
      if (c.samples() == table_[0].samples()) continue;
      throw Error(fmt::format("{} has {} samples, and {} has {}", table_[0].place, table_[0].samples(),
                              c.place, c.samples()));
    }
  }

  const Trainer& trainer_;
  std::vector<DataField> fields_;
  const Learnt& learnt_;
  Table table_;
};

}  // namespace

std::vector<Tensor> read_inputs(const std::vector<std::string>& arguments, const Trainer& trainer) {
  const std::optional<TrainSpec>& spec = trainer.module().spec;
  const Learnt& learnt = trainer.learnt();
  if (spec && !learnt.empty()) check_same_columns(learnt, spec->columns);
  return bind_inputs(InputReader(trainer).run(arguments), trainer.input_fields(), learnt);
}

}  // namespace nnc::tool
