#include "runtime/data_source.h"

#include <algorithm>
#include <cassert>
#include <filesystem>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc {
namespace {

struct Problem {
  DiagnosticCode code;
  Loc loc;
  std::string message, help;
};

struct Resolved {
  const DataSource* source = nullptr;
  std::vector<DataArg> values;
  std::vector<Problem> problems;
};

constexpr std::string_view kTypeNames[] = {"an integer", "a number", "true or false", "a text"};

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  if (auto near = suggest(word, candidates)) return fmt::format("did you mean '{}'?", *near);
  std::string all;
  for (const std::string& c : candidates) all += (all.empty() ? "" : ", ") + c;
  return "there is " + all;
}

const DataSource* find_source(const DataSpec& spec, std::vector<Problem>& problems) {
  std::vector<std::string> names;
  for (const DataSource& s : data_sources()) {
    if (s.name == spec.kind) return &s;
    names.emplace_back(s.name);
  }
  problems.push_back({"unknown-data", spec.loc, fmt::format("unknown data reader '{}'", spec.kind),
                      did_you_mean(spec.kind, names)});
  return nullptr;
}

/// One argument after the other, matched with the row and converted to its type.
class Resolver {
 public:
  Resolver(const DataSpec& spec, Resolved& out) : spec_(spec), rows_(out.source->arguments), out_(out) {
    for (const DataArgument& row : rows_) out_.values.push_back(row.fallback);
    given_.resize(rows_.size());
  }

  void run() {
    for (size_t i = 0; i < spec_.positional.size(); ++i) {
      positional(i, i < spec_.positional_locs.size() ? spec_.positional_locs[i] : spec_.loc);
    }
    for (const auto& [name, value] : spec_.named) {
      auto loc = spec_.named_locs.find(name);
      named(name, value, loc != spec_.named_locs.end() ? loc->second : spec_.loc);
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].required && !given_[i]) {
        problem(spec_.loc, fmt::format("{} needs the argument '{}'", spec_.kind, rows_[i].name),
                std::string(rows_[i].doc));
      }
    }
  }

 private:
  void positional(size_t i, Loc loc) {
    if (i < rows_.size()) return assign(i, spec_.positional[i], loc);
    problem(loc, fmt::format("{} takes at most {} arguments", spec_.kind, rows_.size()));
  }

  void named(const std::string& name, const DataArg& value, Loc loc) {
    std::vector<std::string> names;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].name == name) return assign(i, value, loc);
      names.emplace_back(rows_[i].name);
    }
    problem(loc, fmt::format("{} has no argument '{}'", spec_.kind, name), did_you_mean(name, names));
  }

  void assign(size_t i, DataArg value, Loc loc) {
    if (given_[i]) return problem(loc, fmt::format("{}: '{}' is given twice", spec_.kind, rows_[i].name));
    given_[i] = true;
    size_t wanted = rows_[i].fallback.index();
    if (std::holds_alternative<double>(rows_[i].fallback) && std::holds_alternative<int64_t>(value)) {
      value = static_cast<double>(std::get<int64_t>(value));
    }
    if (value.index() == wanted) return static_cast<void>(out_.values[i] = std::move(value));
    problem(loc, fmt::format("{}: '{}' is {}, not {}", spec_.kind, rows_[i].name, kTypeNames[wanted],
                             kTypeNames[value.index()]));
  }

  void problem(Loc loc, std::string message, std::string help = "") {
    out_.problems.push_back({"data-argument", loc, std::move(message), std::move(help)});
  }

  const DataSpec& spec_;
  const std::vector<DataArgument>& rows_;
  Resolved& out_;
  std::vector<bool> given_;
};

Loc place_of(const DataSpec& spec, size_t argument, std::string_view name) {
  if (argument < spec.positional_locs.size()) return spec.positional_locs[argument];
  auto loc = spec.named_locs.find(std::string(name));
  return loc != spec.named_locs.end() ? loc->second : spec.loc;
}

std::string about_missing_data(const std::string& path, bool in_folder) {
  std::string help = about_missing(path);
  if (!in_folder || nearest_name(path)) return help;
  return help + "; paths are relative to the folder of the model file, and --data takes another";
}

/// Joins paths with the folder and looks whether something is there.
void resolve_paths(const DataSpec& spec, const std::string& folder, Resolved& r) {
  for (size_t i = 0; i < r.values.size(); ++i) {
    const DataArgument& row = r.source->arguments[i];
    auto* path = std::get_if<std::string>(&r.values[i]);
    if (!row.is_path || path == nullptr || path->empty()) continue;
    bool in_folder = !folder.empty() && std::filesystem::path(*path).is_relative();
    *path = join_path(folder, *path);
    if (file_exists(*path)) continue;
    r.problems.push_back({"missing-data", place_of(spec, i, row.name),
                          fmt::format("there is no file or folder '{}'", *path),
                          about_missing_data(*path, in_folder)});
  }
}

Resolved resolve(const DataSpec& spec, const std::string& folder) {
  Resolved r;
  r.source = find_source(spec, r.problems);
  if (r.source == nullptr) return r;
  Resolver(spec, r).run();
  resolve_paths(spec, folder, r);
  return r;
}

std::string_view kind_of_file(const std::filesystem::path& path) {
  for (const DataSource& s : data_sources()) {
    if (!s.ending.empty() && path.extension() == s.ending) return s.name;
  }
  return "csv";
}

std::string_view kind_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return kind_of_file(path);
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (kind_of_file(entry.path()) == "npy") return "npy";
  }
  return "idx";
}

const DataSource* find_row(std::string_view name) {
  auto found = std::ranges::find(data_sources(), name, &DataSource::name);
  return found == data_sources().end() ? nullptr : &*found;
}

const DataSource& source_of(std::string_view content, const std::string& place,
                            const std::optional<DataSpec>& spec) {
  for (const DataSource& s : data_sources()) {
    if (!s.magic.empty() && content.starts_with(s.magic)) return s;
  }
  const DataSource& named = *find_row(kind_of_file(place));
  const DataSource* models = spec ? find_row(spec->kind) : nullptr;
  bool as_the_model = models && models->samples && models->magic.empty() && named.magic.empty();
  return as_the_model ? *models : named;
}

template <class T>
T within(std::string_view source, std::string_view name, T value, T least, T most) {
  if (value >= least && value <= most) return value;
  throw Error(fmt::format("{}: {} is {}, not from {} to {}", source, name, value, least, most));
}

[[noreturn]] void throw_problems(const std::vector<Problem>& problems) {
  std::vector<std::string> notes;
  for (const Problem& p : problems) {
    if (&p != problems.data()) notes.push_back(p.message);
    if (!p.help.empty()) notes.push_back(p.help);
  }
  throw Error(problems.front().message, notes);
}

}  // namespace

const DataArg& DataArguments::at(std::string_view name) const {
  size_t i = 0;
  while (i < source_.arguments.size() && source_.arguments[i].name != name) ++i;
  assert(i < source_.arguments.size());
  return values_[i];
}

int64_t DataArguments::integer(std::string_view name, int64_t least, int64_t most) const {
  return within(source_.name, name, integer(name), least, most);
}

double DataArguments::number(std::string_view name, double least, double most) const {
  return within(source_.name, name, number(name), least, most);
}

std::span<const DataSource> data_sources() {
  static const DataSource rows[] = {idx_source(),     csv_source(),   npy_source(),
                                    npz_source(),     text_source(),  digits_source(),
                                    spirals_source(), moons_source(), linear_source()};
  return rows;
}

Dataset load_data(const DataSpec& spec, const std::string& folder, const Learnt& known) {
  Resolved r = resolve(spec, folder);
  if (!r.problems.empty()) throw_problems(r.problems);
  Dataset data = r.source->load(DataArguments(*r.source, std::move(r.values), known));
  if (sample_count(data.train) == 0) throw Error(fmt::format("the data of {} have no samples", spec.kind));
  return data;
}

Table read_samples(std::string content, const std::string& place, const std::optional<DataSpec>& spec,
                   const Learnt& known) {
  Resolved r{.source = &source_of(content, place, spec)};
  const DataSpec plain{.kind = std::string(r.source->name), .positional = {place}};
  Resolver(spec && spec->kind == plain.kind ? *spec : plain, r).run();
  if (!r.problems.empty()) throw_problems(r.problems);
  return r.source->samples(std::move(content), place, DataArguments(*r.source, std::move(r.values), known));
}

void check_data(const DataSpec& spec, const std::string& folder, Diagnostics& diagnostics) {
  for (Problem& p : resolve(spec, folder).problems) {
    diagnostics.error(p.code, p.loc, std::move(p.message)).with_help(std::move(p.help));
  }
}

DataSpec with_path(const std::optional<DataSpec>& spec, const std::string& path) {
  std::string absolute = std::filesystem::absolute(path).string();
  DataSpec out;
  if (!spec) {
    out.kind = kind_of(path);
    out.positional = {absolute};
    return out;
  }
  out = *spec;
  std::vector<Problem> problems;
  const DataSource* source = find_source(out, problems);
  if (source == nullptr) throw_problems(problems);
  if (source->arguments.empty() || !source->arguments[0].is_path) {
    throw Error(fmt::format("the data of this model are made by {}(…), which reads no file", out.kind));
  }
  out.named.erase(std::string(source->arguments[0].name));
  if (out.positional.empty()) out.positional.emplace_back();
  out.positional[0] = absolute;
  return out;
}

}  // namespace nnc
