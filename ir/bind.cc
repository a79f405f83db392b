#include "ir/bind.h"

#include <set>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/tensor.h"

namespace nnc {
namespace {

[[noreturn]] void mismatch(const GivenShape& g, const Bindings& bindings) {
  std::string where;
  for (const auto& [name, value] : bindings)
    where += fmt::format("{}{} = {}", where.empty() ? "" : ", ", name, value);
  std::vector<std::string> notes;
  if (!where.empty()) notes.push_back("with " + where);
  throw Error(
      fmt::format("{} has shape {} and should have {}", g.name, to_string(g.shape), to_string(g.type.shape)),
      notes);
}

std::map<std::string, Dim> as_dims(const Bindings& bindings) { return {bindings.begin(), bindings.end()}; }

// The value of the only unknown symbol in `dim == value`, where it occurs to the first power.
bool solve(const Dim& dim, int64_t value, Bindings& bindings) {
  Dim rest = dim.substitute(as_dims(bindings)) - Dim(value);
  const Dim::Term* unknown = nullptr;
  int64_t constant = 0;
  for (const Dim::Term& term : rest.terms()) {
    if (term.symbols.empty()) {
      constant = term.coefficient;
    } else if (unknown != nullptr || term.symbols.size() > 1) {
      return false;
    } else {
      unknown = &term;
    }
  }
  if (unknown == nullptr || constant % unknown->coefficient != 0) return false;
  int64_t solution = -(constant / unknown->coefficient);
  if (solution < 0) return false;
  bindings[unknown->symbols[0]] = solution;
  return true;
}

bool solve_any(std::span<const GivenShape> given, Bindings& bindings) {
  bool progress = false;
  for (const GivenShape& g : given) {
    for (size_t i = 0; i < g.shape.size(); ++i) {
      progress |= !g.type.shape[i].is_constant() && solve(g.type.shape[i], g.shape[i], bindings);
    }
  }
  return progress;
}

bool fits(const GivenShape& g, const Bindings& bindings) {
  for (size_t i = 0; i < g.shape.size(); ++i) {
    Dim left = g.type.shape[i].substitute(as_dims(bindings));
    if (left.is_constant() && left.value() != g.shape[i]) return false;
    // 2*B = 5 leaves B without a value: no binding fits.
    std::set<std::string> unsolved;
    left.collect_symbols(unsolved);
    if (unsolved.size() == 1) return false;
  }
  return true;
}

}  // namespace

Bindings bind_symbols(std::span<const GivenShape> given, Bindings known) {
  for (const GivenShape& g : given) {
    if (static_cast<int64_t>(g.shape.size()) != g.type.rank()) mismatch(g, known);
  }
  while (solve_any(given, known)) {
  }
  for (const GivenShape& g : given) {
    if (!fits(g, known)) mismatch(g, known);
  }
  return known;
}

std::vector<int64_t> evaluate(const Shape& shape, const Bindings& bindings) {
  std::vector<int64_t> out;
  for (const Dim& d : shape) out.push_back(d.is_constant() ? d.value() : d.evaluate(bindings));
  return out;
}

int64_t element_count(const Shape& shape, const Bindings& bindings) {
  int64_t count = 1;
  for (const Dim& d : shape) count = checked_mul(count, d.evaluate(bindings));
  return count;
}

}  // namespace nnc
