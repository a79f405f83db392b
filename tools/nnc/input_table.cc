#include "tools/nnc/input_table.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "runtime/convert.h"
#include "runtime/csv_table.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/idx.h"
#include "runtime/learn.h"
#include "runtime/npy.h"

namespace nnc::tool {
namespace {

class InputReader {
 public:
  explicit InputReader(const Trainer& trainer)
      : trainer_(trainer), fields_(trainer.input_fields()), learnt_(trainer.learnt()) {}

  Table run(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
      auto [field, path] = field_and_path(argument);
      std::string content = path == "-" ? standard_input() : read_file_or_gzip(path);
      std::optional<Tensor> array = array_in(content, path);
      if (array) {
        add_array(field ? *field : only_field(path), std::move(*array), path);
      } else if (field) {
        throw Error(fmt::format("{} is a table, whose columns say by their names what they are", path),
                    {fmt::format("give it as --input {}", path)});
      } else {
        add_table(std::move(content), path == "-" ? "standard input" : path);
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

  static std::optional<Tensor> array_in(const std::string& content, const std::string& path) {
    if (content.starts_with("\x93NUMPY")) return parse_npy(std::as_bytes(std::span(content)), path);
    if (content.starts_with(std::string_view("\0\0", 2)) && path != "-") return load_idx(path);
    return std::nullopt;
  }

  void add_table(std::string content, const std::string& path) {
    CsvOptions options{.known_text = learnt_.text, .known_numbers = learnt_.numbers()};
    const auto& spec = trainer_.module().spec;
    if (spec && spec->data && spec->data->kind == "csv")
      options.missing = comma_list(text_argument(*spec->data, "na"));
    for (Column& c : read_csv(std::move(content), path, options)) add(std::move(c));
  }

  void add_array(const DataField& field, Tensor values, const std::string& path) {
    auto known = learnt_.fields.find(field.name);
    std::vector<std::string> columns =
        known == learnt_.fields.end() ? std::vector{field.name} : known->second;
    if (columns.size() == 1) return add_column(columns[0], std::move(values), path);
    auto width = static_cast<int64_t>(columns.size());
    bool side_by_side = values.rank() == 2 && values.shape()[1] == width;
    if (!side_by_side && std::ranges::any_of(columns, [&](const auto& c) { return is_prepared(c); })) {
      throw Error(
          fmt::format("input '{}' was made of {} columns ({}), and {} is {}", field.name, width,
                      fmt::join(columns, ", "), path, values.type_str()),
          {"give a table that has them, or an array with one column for each, before any preparation"});
    }
    if (!side_by_side) return add_column(field.name, std::move(values), path);
    for (int64_t c = 0; c < width; ++c) {
      Tensor column(values.dtype(), {values.shape()[0]});
      for (int64_t i = 0; i < column.count(); ++i) column.set(i, values.literal(i * width + c));
      add_column(columns[static_cast<size_t>(c)], std::move(column), path);
    }
  }

  bool is_prepared(const std::string& column) const {
    return std::ranges::find(learnt_.preparations, column, &Preparation::column) !=
           learnt_.preparations.end();
  }

  /// Whole numbers of a column that was text are the indices of its names.
  void add_column(const std::string& name, Tensor values, const std::string& path) {
    Column column{.name = name, .values = std::move(values), .place = path};
    auto names = learnt_.names.find(name);
    if (names != learnt_.names.end() && is_integer(column.values.dtype())) {
      column.values = convert_exactly(std::move(column.values), DType::I32, path);
      column.classes = names->second;
    }
    add(std::move(column));
  }

  void add(Column column) {
    if (find_column(table_, column.name) != nullptr)
      throw Error(fmt::format("{}: there are values of '{}' already", column.place, column.name));
    table_.push_back(std::move(column));
  }

  void check_lengths() const {
    for (const Column& c : table_) {
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
