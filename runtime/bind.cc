#include "runtime/bind.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "runtime/names.h"
#include "runtime/split.h"

namespace nnc {
namespace {

/// The columns, by index in the table, that a field is made of: one, or several of single values side by
/// side.
using Claim = std::vector<size_t>;

std::string columns_of(const Table& table) {
  constexpr size_t kMost = 20;
  std::vector<std::string> names;
  for (const Column& c : table) {
    if (names.size() < kMost) names.push_back("'" + c.name + "'");
  }
  return fmt::format("the data have {}{}", fmt::join(names, ", "), table.size() > kMost ? ", ..." : "");
}

/// Matches fields with columns and collects everything that does not fit.
class Matcher {
 public:
  Matcher(const Table& table, const Learnt& known, std::vector<std::string>& problems)
      : table_(table), known_(known), taken_(table.size(), false), problems_(problems) {}

  /// First as in the past or by name; then what the rules for the rest give.
  void match(std::span<const DataField> inputs, std::span<const DataField> targets) {
    by_name(inputs, input_claims);
    by_name(targets, target_claims);
    for (size_t i = 0; i < targets.size(); ++i) {
      if (target_claims[i].empty()) target_claims[i] = rest_for_target(targets[i], targets.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (input_claims[i].empty()) input_claims[i] = rest_for_input(inputs[i]);
    }
  }

  std::vector<Claim> input_claims, target_claims;

 private:
  void by_name(std::span<const DataField> fields, std::vector<Claim>& claims) {
    for (const DataField& f : fields) {
      Claim claim = as_in_the_past(f);
      if (!claim.empty()) {
        claims.push_back(std::move(claim));
        continue;
      }
      size_t column = find(f.name);
      bool again = column < table_.size() && taken_[column];
      if (again) problems_.push_back(fmt::format("column '{}' is asked for twice", f.name));
      claims.push_back(column == table_.size() || again ? Claim{} : take(column));
    }
  }

  size_t find(const std::string& name) const {
    return static_cast<size_t>(std::ranges::find(table_, name, &Column::name) - table_.begin());
  }

  /// The columns the field was made of before. Data that have none of them are of another format: the rules apply.
  Claim as_in_the_past(const DataField& field) {
    auto past = known_.fields.find(field.name);
    if (past == known_.fields.end()) return {};
    Claim claim;
    std::vector<std::string> missing;
    for (const std::string& name : past->second) {
      size_t column = find(name);
      column < table_.size() ? claim.push_back(column) : missing.push_back(name);
    }
    if (claim.empty()) return {};
    for (const std::string& name : missing)
      problems_.push_back(fmt::format("'{}' needs column '{}'{}", field.name, name, hint(name)));
    for (size_t column : claim) taken_[column] = true;
    return claim;
  }

  Claim take(size_t column) {
    taken_[column] = true;
    return {column};
  }

  Claim take_role(ColumnRole role) {
    for (size_t c = 0; c < table_.size(); ++c) {
      if (table_[c].role == role && !taken_[c]) return take(c);
    }
    return {};
  }

  Claim rest_for_target(const DataField& target, size_t targets) {
    Claim claim = targets == 1 ? take_role(ColumnRole::Label) : Claim{};
    if (claim.empty()) no_column("target", target);
    return claim;
  }

  Claim rest_for_input(const DataField& input) {
    Claim claim = take_role(ColumnRole::Input);
    if (claim.empty() && input.type.rank() == 2) claim = take_rest();
    if (claim.empty()) no_column("input", input);
    return claim;
  }

  Claim take_rest() {
    Claim claim;
    for (size_t c = 0; c < table_.size(); ++c) {
      if (taken_[c] || table_[c].role != ColumnRole::Any) continue;
      claim.push_back(c);
      taken_[c] = true;
    }
    return claim;
  }

  void no_column(std::string_view what, const DataField& field) {
    problems_.push_back(fmt::format("{} '{}'{}", what, field.name, hint(field.name)));
  }

  std::string hint(const std::string& name) const {
    std::vector<std::string> names;
    for (const Column& c : table_) names.push_back(c.name);
    auto near = suggest(name, names);
    return ": the data have no such column; " +
           (near ? fmt::format("did you mean '{}'?", *near) : columns_of(table_));
  }

  const Table& table_;
  const Learnt& known_;
  std::vector<bool> taken_;
  std::vector<std::string>& problems_;
};

/// Columns of single values side by side: [samples, columns].
Tensor stacked(Table& table, const Claim& claim, DType dtype, const std::string& what) {
  int64_t samples = table[claim[0]].values.shape()[0];
  Tensor out(dtype, {samples, static_cast<int64_t>(claim.size())});
  auto size = static_cast<size_t>(size_of(dtype));
  for (size_t c = 0; c < claim.size(); ++c) {
    Column& column = table[claim[c]];
    Tensor values =
        convert_exactly(std::move(column.values), dtype, fmt::format("{}, column '{}'", what, column.name));
    for (size_t i = 0; i < static_cast<size_t>(samples); ++i) {
      std::memcpy(&out.bytes()[(i * claim.size() + c) * size], &values.bytes()[i * size], size);
    }
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

void check_usable(const Column& column, const DataField& field, const std::string& what) {
  if (!column.problem.empty()) throw Error(fmt::format("{}: {}", what, column.problem));
  if (column.classes.empty() || !is_float(field.type.dtype)) return;
  throw Error(fmt::format("{}: {}: column '{}' is text ('{}'), not numbers", what, column.place, column.name,
                          column.classes[static_cast<size_t>(column.values.get_int(0))]));
}

/// Moves the values out of the table's columns.
Tensor field_values(Table& table, const Claim& claim, const DataField& field, const std::string& what) {
  for (size_t c : claim) check_usable(table[c], field, what);
  if (field.type.rank() == 0) throw Error(fmt::format("{}: a scalar has no axis for samples", what));
  Tensor values = claim.size() > 1
                      ? stacked(table, claim, field.type.dtype, what)
                      : convert_exactly(std::move(table[claim[0]].values), field.type.dtype, what);
  auto shape = sample_shape(field.type, std::span(values.shape()).subspan(1));
  if (!shape && claim.size() > 1) {
    std::vector<std::string> names;
    for (size_t c : claim) names.push_back(table[c].name);
    throw Error(fmt::format("{} is {} and the data leave it {} columns: {}", what, field.type.str(),
                            claim.size(), fmt::join(names, ", ")));
  }
  if (!shape)
    throw Error(fmt::format("{} is {} and the data are {}", what, field.type.str(), values.type_str()));
  shape->insert(shape->begin(), values.shape()[0]);
  return std::move(values).reshaped(std::move(*shape));
}

void bind_fields(Table& table, std::span<const DataField> fields, const std::vector<Claim>& claims,
                 std::string_view kind, std::vector<Tensor>& into, std::vector<std::string>& problems) {
  for (size_t i = 0; i < fields.size(); ++i) {
    try {
      std::string what = fmt::format("{} '{}'", kind, fields[i].name);
      if (!claims[i].empty()) into.push_back(field_values(table, claims[i], fields[i], what));
    } catch (const Error& e) {
      problems.emplace_back(e.what());
    }
  }
}

BoundTable bind_table(Table& table, std::span<const DataField> inputs, std::span<const DataField> targets,
                      const Matcher& matched, std::vector<std::string>& problems) {
  BoundTable out{sample_count(table), {}, {}};
  bind_fields(table, inputs, matched.input_claims, "input", out.inputs, problems);
  bind_fields(table, targets, matched.target_claims, "target", out.targets, problems);
  return out;
}

void throw_if_any(const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  throw Error(problems[0], {problems.begin() + 1, problems.end()});
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
  Parts parts = split_samples(sample_count(data.train), split, classes);
  if (!parts.test.empty()) data.test = take_rows(data.train, parts.test);
  if (!parts.validation.empty()) data.validation = take_rows(data.train, parts.validation);
  data.train = take_rows(data.train, parts.train);
}

BoundTable bind_part(Table& table, std::string_view part, std::span<const DataField> inputs,
                     std::span<const DataField> targets, const Learnt& learnt) {
  if (table.empty()) return {};
  std::vector<std::string> problems;
  Matcher matched(table, learnt, problems);
  matched.match(inputs, targets);
  BoundTable out = bind_table(table, inputs, targets, matched, problems);
  for (std::string& p : problems) p = fmt::format("{} data: {}", part, p);
  throw_if_any(problems);
  return out;
}

/// Text that has indices already keeps them.
void index_as_before(Table& table, const Learnt& known) {
  for (Column& column : table) {
    auto names = known.names.find(column.name);
    if (names != known.names.end() && !column.classes.empty()) index_by(names->second, column);
  }
}

void note_fields(const Table& table, std::span<const DataField> fields, const std::vector<Claim>& claims,
                 Learnt& out) {
  for (size_t i = 0; i < fields.size(); ++i) {
    for (size_t c : claims[i]) {
      out.fields[fields[i].name].push_back(table[c].name);
      if (!table[c].classes.empty()) out.names[table[c].name] = table[c].classes;
    }
  }
}

}  // namespace

BoundData bind_data(Dataset data, std::span<const DataField> inputs, std::span<const DataField> targets,
                    const SplitSpec& split, const Learnt& known) {
  for (Table* part : {&data.train, &data.validation, &data.test}) index_as_before(*part, known);
  std::vector<std::string> problems;
  Matcher train(data.train, known, problems);
  train.match(inputs, targets);
  if (problems.empty()) split_off(data, split, class_of_samples(data.train, targets, train.target_claims));
  BoundData out;
  note_fields(data.train, inputs, train.input_claims, out.learnt);
  note_fields(data.train, targets, train.target_claims, out.learnt);
  out.train = bind_table(data.train, inputs, targets, train, problems);
  throw_if_any(problems);
  out.validation = bind_part(data.validation, "validation", inputs, targets, out.learnt);
  out.test = bind_part(data.test, "test", inputs, targets, out.learnt);
  return out;
}

}  // namespace nnc
