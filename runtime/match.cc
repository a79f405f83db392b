#include "runtime/match.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"

namespace nnc {
namespace {

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
  Claims match(std::span<const DataField> inputs, std::span<const DataField> targets) {
    Claims out;
    by_name(inputs, out.inputs);
    by_name(targets, out.targets);
    for (size_t i = 0; i < targets.size(); ++i) {
      if (out.targets[i].empty()) out.targets[i] = rest_for_target(targets[i], targets.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (out.inputs[i].empty()) out.inputs[i] = rest_for_input(inputs[i]);
    }
    return out;
  }

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

}  // namespace

Claims match_columns(const Table& table, std::span<const DataField> inputs,
                     std::span<const DataField> targets, const Learnt& known,
                     std::vector<std::string>& problems) {
  return Matcher(table, known, problems).match(inputs, targets);
}

}  // namespace nnc
