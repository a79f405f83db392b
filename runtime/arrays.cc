#include "runtime/arrays.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"
#include "ir/error.h"

namespace nnc {
namespace {

struct PartWord {
  std::string_view word;
  Table Dataset::*part;
};
constexpr PartWord kPartWords[] = {
    {"train", &Dataset::train},    {"training", &Dataset::train},        {"test", &Dataset::test},
    {"val", &Dataset::validation}, {"validation", &Dataset::validation}, {"valid", &Dataset::validation}};

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> out;
  for (const Column& c : table) out.push_back(c.name);
  return out;
}

const Column* find(const Table& table, const std::string& name) {
  auto found = std::ranges::find(table, name, &Column::name);
  return found == table.end() ? nullptr : &*found;
}

Column column_of(NamedArray array) {
  if (array.problem.empty() && array.values.rank() == 0) array.problem = "it is a single number, not samples";
  if (!array.problem.empty()) array.problem = fmt::format("{}: {}", array.place, array.problem);
  return {array.name, std::move(array.values), ColumnRole::Any, {}, array.place, array.problem};
}

void mark(Dataset& data, const std::string& name, ColumnRole role, const std::string& place) {
  if (name.empty()) return;
  if (find(data.train, name) == nullptr) {
    std::vector<std::string> names = names_of(data.train);
    auto near = suggest(name, names);
    throw Error(fmt::format("{}: there is no array '{}' to train on", place, name),
                {near ? fmt::format("did you mean '{}'?", *near)
                      : fmt::format("there are '{}'", fmt::join(names, "', '"))});
  }
  for (Table* part : {&data.train, &data.validation, &data.test}) {
    auto column = std::ranges::find(*part, name, &Column::name);
    if (column != part->end()) column->role = role;
  }
}

/// The only column besides the target needs no name to be the input.
void mark_rest(Dataset& data) {
  for (Table* part : {&data.train, &data.validation, &data.test}) {
    if (part->size() != 2) continue;
    Column &a = part->front(), &b = part->back();
    if (a.role == ColumnRole::Label)
      b.role = ColumnRole::Input;
    else if (b.role == ColumnRole::Label)
      a.role = ColumnRole::Input;
  }
}

/// The column that says how many samples there are: one with a role, or else the longest.
const Column& model_of(const Table& table) {
  auto rank = [](const Column& c) {
    return c.problem.empty() ? std::pair(c.role != ColumnRole::Any, c.values.shape()[0])
                             : std::pair(false, int64_t{-1});
  };
  return *std::ranges::max_element(table, {}, rank);
}

void check_counts(Table& table, const std::string& place) {
  if (table.empty()) return;
  const Column& model = model_of(table);
  if (!model.problem.empty()) throw Error(place + ": no array can be used", {model.problem});
  int64_t samples = model.values.shape()[0];
  std::string others = fmt::format("{} has {}", model.place, samples);
  for (Column& c : table) {
    if (c.problem.empty() && c.values.shape()[0] != samples)
      c.problem = fmt::format("{} has {} samples, {}", c.place, c.values.shape()[0], others);
    if (!c.problem.empty()) c.values = Tensor(DType::U8, {samples});
  }
}

/// Every part has the columns of the training part, in its order.
Table like(const Table& train, Table part, const std::string& place) {
  if (part.empty()) return part;
  for (const Column& c : part) {
    if (find(train, c.name) == nullptr)
      throw Error(fmt::format("{} has no array to train on beside it", c.place));
  }
  Table out;
  for (const Column& c : train) {
    auto found = std::ranges::find(part, c.name, &Column::name);
    std::string problem = fmt::format("{}: there is {} alone, and nothing in this part", place, c.place);
    out.push_back(found != part.end()
                      ? std::move(*found)
                      : Column{c.name, Tensor(DType::U8, {0}), c.role, {}, c.place, std::move(problem)});
  }
  return out;
}

Dataset by_part(std::vector<NamedArray> arrays) {
  Dataset out;
  for (NamedArray& array : arrays) {
    Table& part = out.*array.part;
    if (const Column* other = find(part, array.name))
      throw Error(fmt::format("{} and {} are the same part of '{}'", other->place, array.place, array.name));
    part.push_back(column_of(std::move(array)));
  }
  return out;
}

}  // namespace

NamedArray part_by_name(NamedArray array) {
  constexpr std::string_view kMarks = "_-.";
  const std::string name = array.name;
  for (const PartWord& p : kPartWords) {
    if (name.size() < p.word.size() + 2) continue;
    size_t rest = name.size() - p.word.size() - 1;
    bool first = name.starts_with(p.word) && kMarks.find(name[p.word.size()]) != kMarks.npos;
    bool last = name.ends_with(p.word) && kMarks.find(name[rest]) != kMarks.npos;
    if (!first && !last) continue;
    array.name = first ? name.substr(p.word.size() + 1) : name.substr(0, rest);
    array.part = p.part;
    break;
  }
  return array;
}

Dataset dataset_of(std::vector<NamedArray> arrays, const ArrayRoles& roles, const std::string& place) {
  Dataset out = by_part(std::move(arrays));
  if (out.train.empty()) throw Error(place + ": there are no arrays to train on");
  out.validation = like(out.train, std::move(out.validation), place);
  out.test = like(out.train, std::move(out.test), place);
  mark(out, roles.input, ColumnRole::Input, place);
  mark(out, roles.target, ColumnRole::Label, place);
  if (roles.input.empty()) mark_rest(out);
  for (Table* part : {&out.train, &out.validation, &out.test}) check_counts(*part, place);
  return out;
}

Table samples_of(std::vector<NamedArray> arrays, const std::string& place) {
  Dataset data = by_part(std::move(arrays));
  for (Table* part : {&data.test, &data.validation, &data.train}) {
    if (!part->empty()) return std::move(*part);
  }
  throw Error(place + ": there are no arrays");
}

}  // namespace nnc
