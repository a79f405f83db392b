#include "runtime/bind.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/placed_error.h"
#include "runtime/convert.h"
#include "runtime/learn.h"
#include "runtime/match.h"
#include "runtime/split.h"

namespace nnc {
namespace {

int64_t width_of(const Column& column) {
  int64_t stored = column.values.shape()[0];
  return stored == 0 ? 1 : column.values.count() / stored;
}

/// What the conversion of a view may take at once; more is converted batch by batch.
constexpr int64_t kMostConverted = int64_t{256} << 20;

/// Moves the values out of the column.
FieldValues converted(Column& column, DType dtype, const std::string& what) {
  if (!column.values.is_view()) return convert_exactly(std::move(column.values), dtype, what);
  FieldValues stored({std::move(column.values), column.rows, column.codes}, dtype, what);
  if (dtype == DType::BF16) {
    FieldValues as_f32(stored.stored(), DType::F32, what);
    return convert_exactly(as_f32.load(), dtype, what);
  }
  bool convert = !column.codes && stored.stored().values.dtype() != dtype;
  return convert && stored.bytes() <= kMostConverted ? stored.load() : stored;
}

/// Columns side by side: [samples, sum of their widths].
Tensor stacked(Table& table, const Claim& claim, DType dtype, const std::string& what) {
  int64_t samples = table[claim[0]].samples(), width = 0, at = 0;
  for (size_t c : claim) width += width_of(table[c]);
  Tensor out(dtype, {samples, width});
  auto size = size_of(dtype);
  for (size_t c : claim) {
    Column& column = table[c];
    int64_t bytes = width_of(column) * size;
    Tensor values = converted(column, dtype, fmt::format("{}, column '{}'", what, column.name)).load();
    for (int64_t i = 0; i < samples; ++i)
      std::memcpy(out.bytes().data() + i * width * size + at, values.bytes().data() + i * bytes,
                  static_cast<size_t>(bytes));
    at += bytes;
  }
  return out;
}

std::vector<int64_t> without_ones(std::span<const int64_t> extents) {
  std::vector<int64_t> out;
  std::ranges::copy_if(extents, std::back_inserter(out), [](int64_t n) { return n != 1; });
  return out;
}

/// The extents of one sample as the field wants them; nothing where the data cannot take that shape.
std::optional<std::vector<int64_t>> sample_shape(const Type& type, std::span<const int64_t> have) {
  std::span<const Dim> want = std::span(type.shape).subspan(1);
  auto fits = [](const Dim& d, int64_t n) { return !d.is_constant() || d.is(n); };
  if (std::ranges::equal(want, have, fits)) return std::vector(have.begin(), have.end());
  std::vector<int64_t> extents;
  for (const Dim& d : want) {
    if (!d.is_constant()) return std::nullopt;
    extents.push_back(d.value());
  }
  int64_t count = 1;
  for (int64_t n : have) count *= n;
  bool flat = extents.size() == 1 && extents[0] == count;
  return flat || without_ones(extents) == without_ones(have) ? std::optional(extents) : std::nullopt;
}

void check_values(const Column& column, bool is_target, const std::string& what) {
  std::optional<int64_t> missing = first_missing(column);
  if (!missing) return;
  std::string fill =
      is_target ? ""
                : fmt::format("fill them in by the train block's columns impute(\"{}\"), or ", column.name);
  throw Error(
      fmt::format("{}: {}: column '{}': no value; {}leave such samples out by csv(…, missing = \"skip\")",
                  what, column.place_of(*missing), column.name, fill));
}

void check_usable(const Column& column, const DataField& field, bool is_target, const std::string& what) {
  if (!column.problem.empty()) throw Error(fmt::format("{}: {}", what, column.problem));
  check_values(column, is_target, what);
  if (!column.is_text() || !is_float(field.type.dtype)) return;
  std::string remedy = is_target
                           ? "classes are of type i32"
                           : fmt::format("as by the train block's columns one_hot(\"{}\")", column.name);
  throw Error(fmt::format("{}: {}: column '{}' is text ('{}'), not numbers; {}", what, column.place_of(0),
                          column.name, column.name_of_first(), remedy));
}

/// `name`, or `name[3]` where several numbers are one sample's.
std::string names_of(const Table& table, const Claim& claim) {
  std::vector<std::string> names;
  for (size_t c : claim) {
    int64_t width = width_of(table[c]);
    names.push_back(table[c].values.rank() == 1 ? table[c].name
                                                : fmt::format("{}[{}]", table[c].name, width));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The field's type as these samples would have it.
Type type_for(const DataField& field, const FieldValues& values) {
  Type out{field.type.dtype, {field.type.shape[0]}};
  for (int64_t n : std::span(values.shape()).subspan(1)) out.shape.emplace_back(n);
  return out;
}

/// `columns` are named where they are several.
[[noreturn]] void refuse_shape(const DataField& field, const std::string& what, const FieldValues& values,
                               const std::string& columns, const std::string& place) {
  std::string data = place.empty() ? "the data" : "the data of " + place;
  std::string have = columns.empty()
                         ? fmt::format("{} are {}", data, values.type_str())
                         : fmt::format("{} leave it {} columns: {}", data, values.shape()[1], columns);
  std::string message = fmt::format("{} is {} and {}", what, field.type.str(), have);
  if (field.loc.line == 0) throw Error(message);
  throw PlacedError("shape", field.loc, message,
                    {fmt::format("declare `{}: {}`, or give data of the declared shape", field.name,
                                 type_for(field, values).str())});
}

/// Moves the values out of the table's columns.
FieldValues field_values(Table& table, const Claim& claim, const DataField& field, bool is_target) {
  std::string what = fmt::format("{} '{}'", is_target ? "target" : "input", field.name);
  for (size_t c : claim) check_usable(table[c], field, is_target, what);
  if (field.type.rank() == 0) throw Error(fmt::format("{}: a scalar has no axis for samples", what));
  std::string columns = claim.size() > 1 ? names_of(table, claim) : "", place = table[claim[0]].place;
  FieldValues values = claim.size() > 1 ? stacked(table, claim, field.type.dtype, what)
                                        : converted(table[claim[0]], field.type.dtype, what);
  auto shape = sample_shape(field.type, std::span(values.shape()).subspan(1));
  if (!shape) refuse_shape(field, what, values, columns, place);
  return std::move(values).reshaped(std::move(*shape));
}

/// What does not fit, and the place in the model file that may have to change.
struct Problem {
  std::string text;
  std::vector<std::string> notes = {};
  Loc loc = {};
};
using Problems = std::vector<Problem>;

Claims claims_of(const Table& table, std::span<const DataField> inputs, std::span<const DataField> targets,
                 const Learnt& known, Problems& problems) {
  std::vector<std::string> texts;
  Claims out = match_columns(table, inputs, targets, known, texts);
  for (std::string& text : texts) problems.push_back({std::move(text)});
  return out;
}

void bind_fields(Table& table, std::span<const DataField> fields, const std::vector<Claim>& claims,
                 bool targets, std::vector<FieldValues>& into, Problems& problems) {
  for (size_t i = 0; i < fields.size(); ++i) {
    try {
      if (!claims[i].empty()) into.push_back(field_values(table, claims[i], fields[i], targets));
    } catch (const PlacedError& e) {
      problems.push_back({e.what(), e.notes(), e.loc()});
    } catch (const Error& e) {
      problems.push_back({e.what(), e.notes()});
    }
  }
}

BoundTable bind_table(Table& table, std::span<const DataField> inputs, std::span<const DataField> targets,
                      const Claims& claims, Problems& problems) {
  BoundTable out{sample_count(table), {}, {}};
  bind_fields(table, inputs, claims.inputs, false, out.inputs, problems);
  bind_fields(table, targets, claims.targets, true, out.targets, problems);
  return out;
}

void throw_if_any(const Problems& problems) {
  if (problems.empty()) return;
  std::vector<std::string> notes = problems[0].notes;
  for (const Problem& p : std::span(problems).subspan(1)) {
    notes.push_back(p.text);
    notes.insert(notes.end(), p.notes.begin(), p.notes.end());
  }
  if (problems[0].loc.line == 0) throw Error(problems[0].text, notes);
  throw PlacedError("shape", problems[0].loc, problems[0].text, notes);
}

/// The class of each sample: the first target that is one, or nothing.
std::vector<int64_t> class_of_samples(const Table& table, std::span<const DataField> targets,
                                      const std::vector<Claim>& claims) {
  for (size_t t = 0; t < targets.size(); ++t) {
    const Column& column = table[claims[t][0]];
    if (column.classes.empty() && !targets[t].classes) continue;
    if (column.values.rank() != 1) continue;
    std::vector<int64_t> out;
    for (int64_t i = 0; i < column.values.count(); ++i) out.push_back(column.values.get_int(i));
    return out;
  }
  return {};
}

void refuse_second(const Table& part, std::string_view name, bool wanted, std::string_view remedy) {
  if (part.empty() || !wanted) return;
  throw Error(fmt::format("the data have a {} part of their own, and the split asks for another", name),
              {fmt::format("leave {} out of the split: split {}", name, remedy)});
}

/// Moves samples from the training part to those that the split asks for.
void split_off(Dataset& data, const SplitSpec& split, std::span<const int64_t> classes) {
  if (split.kind == SplitSpec::Kind::Whole) return;
  refuse_second(data.test, "test", split.test > 0 || split.folds > 0, "shares(validation = 0.1)");
  refuse_second(data.validation, "validation", split.validation > 0, "shares(test = 0.1)");
  int64_t samples = sample_count(data.train);
  Parts parts = data.in_order ? split_in_order(samples, split) : split_samples(samples, split, classes);
  if (!parts.test.empty()) data.test = take_rows(data.train, parts.test);
  if (!parts.validation.empty()) data.validation = take_rows(data.train, parts.validation);
  data.train = take_rows(data.train, parts.train);
}

/// Prepares and binds a part that was not learnt from.
BoundTable bind_part(Table& table, std::string_view part, std::span<const DataField> inputs,
                     std::span<const DataField> targets, const Learnt& learnt) {
  if (table.empty()) return {};
  prepare(table, learnt, targets);
  Problems problems;
  Claims claims = claims_of(table, inputs, targets, learnt, problems);
  BoundTable out;
  if (problems.empty()) out = bind_table(table, inputs, targets, claims, problems);
  for (Problem& p : problems) p.text = part.empty() ? p.text : fmt::format("{} data: {}", part, p.text);
  throw_if_any(problems);
  return out;
}

/// A class that a split leaves without a sample to train on. Text says so by itself.
void check_seen(const Table& train, const Table& part, std::span<const DataField> targets,
                const Claims& claims) {
  for (size_t t = 0; t < targets.size() && !part.empty(); ++t) {
    const Column &known = train[claims.targets[t][0]], &column = part[claims.targets[t][0]];
    if (!targets[t].classes || column.is_text() || column.values.rank() != 1) continue;
    std::set<double> seen;
    for (int64_t i = 0; i < known.samples(); ++i) seen.insert(known.values.get(i));
    for (int64_t i = 0; i < column.samples(); ++i) {
      if (seen.contains(column.values.get(i))) continue;
      throw Error(fmt::format("{}: column '{}': no sample of class {} is left to train on",
                              column.place_of(i), column.name, column.values.get(i)),
                  {"give more samples of it, leave it out, or split otherwise"});
    }
  }
}

}  // namespace

BoundData bind_data(Dataset data, std::span<const DataField> inputs, std::span<const DataField> targets,
                    const SplitSpec& split, std::span<const CallSpec> columns, const Learnt& known) {
  if (!known.empty()) check_same_columns(known, columns);
  Problems problems;
  Claims claims = claims_of(data.train, inputs, targets, known, problems);
  if (!known.empty()) throw_if_any(problems);
  BoundData out{.learnt = known};
  if (problems.empty()) {
    split_off(data, split, class_of_samples(data.train, targets, claims.targets));
    if (split.validation > 0) check_seen(data.train, data.validation, targets, claims);
    if (split.test > 0 || split.folds > 0) check_seen(data.train, data.test, targets, claims);
    if (known.empty()) {
      out.learnt = learn(data.train, inputs, targets, claims, columns);
    } else {
      prepare(data.train, known, targets);
    }
  }
  out.train = bind_table(data.train, inputs, targets, claims, problems);
  throw_if_any(problems);
  out.validation = bind_part(data.validation, "validation", inputs, targets, out.learnt);
  out.test = bind_part(data.test, "test", inputs, targets, out.learnt);
  return out;
}

std::vector<Tensor> bind_inputs(Table table, std::span<const DataField> inputs, const Learnt& known) {
  std::vector<Tensor> out;
  std::vector<DataField> fields(inputs.begin(), inputs.end());
  for (DataField& f : fields) f.loc = {};  // the model is what the weights were trained with
  for (const FieldValues& values : bind_part(table, "", fields, {}, known).inputs)
    out.push_back(values.load());
  return out;
}

}  // namespace nnc
