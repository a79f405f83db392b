// The data source csv(…): a file of samples, and perhaps one of test samples.
#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/csv_table.h"
#include "runtime/data_source.h"
#include "runtime/file.h"

namespace nnc {
namespace {

CsvOptions options_of(const DataArguments& a) {
  const std::string &missing = a.text("missing"), &target = a.text("target");
  if (missing != "error" && missing != "skip" && missing != "skip_target")
    throw Error(fmt::format("csv: missing is '{}', not 'error', 'skip' or 'skip_target'", missing));
  if (missing == "skip_target" && target.empty())
    throw Error("csv: missing is 'skip_target', and no target is named",
                {"name it, as in target = \"price\""});
  return {.missing = comma_list(a.text("na")),
          .text = comma_list(a.text("text")),
          .known_text = a.known().text,
          .known_numbers = a.known().numbers(),
          .drop = comma_list(a.text("drop")),
          .skip_missing = missing == "skip",
          .needed = missing == "skip_target" ? target : "",
          .strict = true};
}

std::vector<std::string> names_of(const Table& table, bool text_alone = false) {
  std::vector<std::string> out;
  for (const Column& c : table) {
    if (c.is_text() || !text_alone) out.push_back(c.name);
  }
  return out;
}

Dataset load(const DataArguments& a) {
  const std::string &path = a.text("path"), &test = a.text("test"), &target = a.text("target");
  CsvOptions options = options_of(a);
  Dataset out{read_csv(read_file_or_gzip(path), path, options), {}};
  if (!test.empty()) {
    options.strict = false;
    options.known_text = names_of(out.train, true);
    out.test = read_csv(read_file_or_gzip(test), test, options);
  }
  if (target.empty()) return out;
  check_column(names_of(out.train), target, path);
  for (Table* table : {&out.train, &out.test}) {
    if (Column* column = find_column(*table, target)) column->role = ColumnRole::Label;
  }
  return out;
}

/// Records without a value stay: whatever is given is predicted from.
Table samples(std::string content, const std::string& place, const DataArguments& a) {
  return read_csv(std::move(content), place,
                  {.missing = comma_list(a.text("na")),
                   .known_text = a.known().text,
                   .known_numbers = a.known().numbers()});
}

}  // namespace

DataSource csv_source() {
  return {
      "csv",
      "a table with a header; columns by name, text columns become class indices in sorted order",
      {{"path", std::string(), true, true, "the file"},
       {"target", std::string(), false, false,
        "the column that is the target, where the target has another name"},
       {"test", std::string(), false, true, "a file of test samples with the same columns"},
       {"drop", std::string(), false, false, "columns to leave out, separated by commas"},
       {"missing", std::string("error"), false, false,
        "'skip' leaves out records without a value in some column"},
       {"na", std::string(), false, false,
        "texts that mean no value, as an empty cell does, separated by commas"},
       {"text", std::string(), false, false, "columns of text that looks like numbers, separated by commas"}},
      load,
      {},
      {},
      samples};
}

}  // namespace nnc
