// nnc new: a model file for a data file, to begin with.
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "ir/parser.h"
#include "runtime/csv_table.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "tools/nnc/array_model.h"
#include "tools/nnc/command.h"
#include "tools/nnc/table_model.h"

namespace nnc::tool {
namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string data, output, target;
  bool force = false;
};

int64_t gaps_in(const Table& table) {
  int64_t out = 0;
  for (const Column& c : table) {
    for (int64_t i = 0; i < c.samples(); ++i) out += c.is_missing(i);
  }
  return out;
}

/// The usual spellings of no value that the table has.
std::vector<std::string> missing_spellings(const std::string& content, const std::string& path) {
  std::vector<std::string> out;
  int64_t empty = gaps_in(read_csv(content, path));
  for (const char* word : {"NA", "N/A", "NaN", "nan", "?", "null", "NULL"}) {
    if (content.find(word) == std::string::npos) continue;
    if (gaps_in(read_csv(content, path, {.missing = {word}})) > empty) out.emplace_back(word);
  }
  return out;
}

/// As the model file says it: relative to its folder where that is not far.
std::string path_from(const std::string& model, const std::string& data) {
  fs::path folder = fs::absolute(model).parent_path().lexically_normal();
  fs::path whole = fs::absolute(data).lexically_normal();
  std::string relative = whole.lexically_relative(folder).string();
  return relative.starts_with("../../") ? whole.string() : relative;
}

std::string table_text(const NewOptions& o) {
  std::string content = read_file_or_gzip(o.data);
  TableFile file{path_from(o.output, o.data), o.output, missing_spellings(content, o.data)};
  Table table = read_csv(std::move(content), o.data, {.missing = file.missing});
  TableGuess guess = look_at(table, o.target, o.data);
  fmt::print("target: {}{}, {}\n", guess.target, guess.why.empty() ? "" : fmt::format(" ({})", guess.why),
             guess.classes.empty() ? "a quantity" : fmt::format("{} classes", guess.classes.size()));
  for (const auto& [name, why] : guess.left_out) fmt::print("left out: {} ({})\n", name, why);
  return table_model(guess, file);
}

std::string array_text(const NewOptions& o) {
  if (!o.target.empty()) throw Error(fmt::format("{} has no columns, so --target names none", o.data));
  DataSpec spec = with_path(std::nullopt, o.data);
  std::string source = fmt::format("{}(\"{}\")", spec.kind, path_from(o.output, o.data));
  return array_model(load_data(spec, ""), source, fs::path(o.data).filename().string(), o.output);
}

/// The file must mean something before it is written.
void check(const std::string& text, const std::string& path) {
  Diagnostics diagnostics(path, text);
  std::optional<Module> module = elaborate(parse(diagnostics), diagnostics);
  if (!module) throw Error("the file that would be written is no model: " + diagnostics.render());
}

void run(NewOptions o) {
  while (o.data.size() > 1 && o.data.ends_with('/')) o.data.pop_back();
  if (!file_exists(o.data))
    throw Error(fmt::format("there is no file or folder '{}'", o.data), {about_missing(o.data)});
  if (o.output.empty()) o.output = fs::path(o.data).stem().replace_extension(".nn").string();
  if (file_exists(o.output) && !o.force)
    throw Error(fmt::format("{} is there already", o.output),
                {"give another name by -o, or replace it by --force"});
  bool is_table = with_path(std::nullopt, o.data).kind == "csv";
  std::string text = is_table ? table_text(o) : array_text(o);
  check(text, o.output);
  std::string_view part = text;
  write_file_atomically(o.output, std::span(&part, 1));
  fmt::print("{} is written; go on with\n  nnc train {}\n", o.output, o.output);
}

}  // namespace

void add_new(CLI::App& app) {
  auto o = std::make_shared<NewOptions>();
  CLI::App* command =
      add_command(app, group::kModels, "new", "Write a model file for a data file",
                  {{"nnc new penguins.csv", "penguins.nn, with comments on what was guessed"},
                   {"nnc new houses.csv --target price -o price.nn", "which column to predict"},
                   {"nnc new mnist/", "for a folder of IDX files"}});
  command->add_option("data", o->data, "A CSV table, or a folder or file of images with classes")
      ->type_name("PATH")
      ->required();
  command
      ->add_option("-o,--output", o->output, "The model file; else the data's name with .nn, in this folder")
      ->type_name("FILE.nn");
  command
      ->add_option("--target", o->target,
                   "The column to predict; else the last, or the first where it cannot be that")
      ->type_name("COLUMN");
  command->add_flag("--force", o->force, "Replace a model file that is there");
  command->callback([o] { run(*o); });
}

}  // namespace nnc::tool
