#include "runtime/learn.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "ir/path_pattern.h"
#include "runtime/names.h"
#include "runtime/preparations.h"

namespace nnc {
namespace {

class Learner {
 public:
  Learner(Table& train, std::span<const DataField> inputs, std::span<const DataField> targets,
          const Claims& claims)
      : train_(train) {
    note_fields(inputs, claims.inputs, inputs_);
    note_fields(targets, claims.targets, targets_);
    for (size_t i = 0; i < targets.size(); ++i) check_classes(targets[i], claims.targets[i]);
  }

  Learnt run(std::span<const CallSpec> calls) {
    for (const CallSpec& call : calls) {
      for (const std::string& pattern : call.texts("columns")) {
        for (Column* column : columns_for(call, pattern)) prepare(call, *column);
      }
    }
    for (Column& column : train_) {
      if (is_used(column.name)) note_names(column);
    }
    out_.columns = str(calls);
    return std::move(out_);
  }

 private:
  bool is_used(const std::string& name) const { return inputs_.contains(name) || targets_.contains(name); }

  void note_fields(std::span<const DataField> fields, const std::vector<Claim>& claims,
                   std::set<std::string>& names) {
    for (size_t i = 0; i < fields.size(); ++i) {
      for (size_t c : claims[i]) {
        out_.fields[fields[i].name].push_back(train_[c].name);
        names.insert(train_[c].name);
        if (train_[c].is_text() && train_[c].values.rank() == 1) out_.text.push_back(train_[c].name);
      }
    }
  }

  /// The one of that name, or of a pattern those inputs that the call is made for.
  std::vector<Column*> columns_for(const CallSpec& call, const std::string& pattern) {
    bool is_name = pattern.find('*') == std::string::npos || find_column(train_, pattern) != nullptr;
    if (is_name) return {&named(call, pattern)};
    std::vector<Column*> out;
    for (Column& column : train_) {
      bool meant = inputs_.contains(column.name) && path_matches(pattern, column.name);
      if (meant && suits(call.name, column)) out.push_back(&column);
    }
    if (out.empty()) fail(call, pattern, "no input's column that it suits is called so");
    return out;
  }

  Column& named(const CallSpec& call, const std::string& name) {
    Column* column = find_column(train_, name);
    if (column == nullptr) fail(call, name, "the data have no such column", suggestion(name));
    if (!is_used(name)) fail(call, name, "no input or target is made of this column");
    std::string why = why_not(call.name, *column, targets_.contains(name));
    if (!why.empty()) fail(call, name, fmt::format("column '{}' {}", name, why));
    return *column;
  }

  std::vector<std::string> suggestion(const std::string& name) const {
    std::vector<std::string> names;
    for (const Column& c : train_) names.push_back(c.name);
    auto near = suggest(name, names);
    return near ? std::vector{fmt::format("did you mean '{}'?", *near)} : std::vector<std::string>();
  }

  [[noreturn]] void fail(const CallSpec& call, const std::string& name, const std::string& why,
                         std::vector<std::string> notes = {}) const {
    throw Error(fmt::format("columns {}(\"{}\"): {}", call.name, name, why), std::move(notes));
  }

  void prepare(const CallSpec& call, Column& column) {
    out_.preparations.push_back(fit(call, column));
    apply(out_.preparations.back(), column);
  }

  /// Classes of windows of text are their vocabulary, which its reader knows; those of single values are what is here.
  void note_names(Column& column) {
    if (!column.is_text()) return;
    std::vector<std::string> names = column.values.rank() == 1 ? names_in(column) : column.classes;
    index_by(names, column);
    out_.names[column.name] = std::move(names);
  }

  void check_classes(const DataField& target, const Claim& claim) const {
    const Column& column = train_[claim[0]];
    bool classes = column.is_text() || target.classes;
    if (!classes || !column.problem.empty() || column.values.rank() != 1) return;
    std::vector<std::string> names = names_in(column);
    if (names.size() != 1) return;
    throw Error(fmt::format("{}: column '{}' has one class alone, '{}': there is nothing to tell apart",
                            column.place, column.name, names[0]),
                {"give samples of other classes too, or choose another target"});
  }

  Table& train_;
  std::set<std::string> inputs_, targets_;  // columns
  Learnt out_;
};

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// What to do about a text that is new.
std::string remedy_for(const std::string& column, const Learnt& learnt, std::span<const DataField> targets) {
  for (const DataField& target : targets) {
    auto columns = learnt.fields.find(target.name);
    if (columns != learnt.fields.end() && is_among(columns->second, column))
      return "; train on samples of it, or leave such samples out";
  }
  return fmt::format("; index(\"{}\", unknown = \"last\") lets it pass", column);
}

}  // namespace

Learnt learn(Table& train, std::span<const DataField> inputs, std::span<const DataField> targets,
             const Claims& claims, std::span<const CallSpec> calls) {
  return Learner(train, inputs, targets, claims).run(calls);
}

void prepare(Table& table, const Learnt& learnt, std::span<const DataField> targets) {
  for (const Preparation& p : learnt.preparations) {
    if (Column* column = find_column(table, p.column)) apply(p, *column);
  }
  for (const auto& [name, names] : learnt.names) {
    Column* column = find_column(table, name);
    if (column == nullptr || (!column->is_text() && !is_among(learnt.text, name))) continue;
    index_by(names, *column, remedy_for(name, learnt, targets));
  }
}

void check_same_columns(const Learnt& known, std::span<const CallSpec> calls) {
  std::string now = str(calls);
  if (known.columns == now) return;
  throw Error("the weights were trained with other columns than the model file has",
              {"the file's are " + now, "the weights' are " + known.columns});
}

}  // namespace nnc
