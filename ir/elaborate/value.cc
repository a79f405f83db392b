#include "ir/elaborate/value.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

// Beyond these a size comes from a runaway loop, and its polynomial would only grow.
constexpr size_t kMaxTerms = 64, kMaxDegree = 64;

bool both_dims(const Val& a, const Val& b) { return a.as<Dim>() && b.as<Dim>(); }

Val number(double value) { return {value, {}}; }

}  // namespace

bool is_vector(const Val& v) {
  const Many* many = v.as<Many>();
  return many && !many->items.empty() &&
         std::all_of(many->items.begin(), many->items.end(), [](const Val& x) { return x.is_number(); });
}

const Dim& checked_dim(const Dim& d) {
  size_t degree = 0;
  for (const Dim::Term& term : d.terms()) degree = std::max(degree, term.symbols.size());
  if (d.terms().size() > kMaxTerms || degree > kMaxDegree) throw Error("this size is too complicated");
  return d;
}

double real_of(const Val& n) {
  if (const double* real = n.as<double>()) return *real;
  const Dim& d = *n.as<Dim>();
  if (!d.is_constant())
    throw Error(fmt::format("a number is needed here, and {} is known only at run time", d.str()));
  return static_cast<double>(d.value());
}

Val add_numbers(const Val& a, const Val& b) {
  if (both_dims(a, b)) return {checked_dim(*a.as<Dim>() + *b.as<Dim>()), {}};
  return number(real_of(a) + real_of(b));
}

Val subtract_numbers(const Val& a, const Val& b) {
  if (both_dims(a, b)) return {checked_dim(*a.as<Dim>() - *b.as<Dim>()), {}};
  return number(real_of(a) - real_of(b));
}

Val multiply_numbers(const Val& a, const Val& b) {
  if (both_dims(a, b)) return {checked_dim(*a.as<Dim>() * *b.as<Dim>()), {}};
  return number(real_of(a) * real_of(b));
}

Val divide_numbers(const Val& a, const Val& b) {
  if (both_dims(a, b)) {
    if (b.as<Dim>()->is(0)) throw Error("division by 0");
    if (std::optional<Dim> exact = a.as<Dim>()->divided_by(*b.as<Dim>())) return {*exact, {}};
    if (!a.as<Dim>()->is_constant() || !b.as<Dim>()->is_constant()) {
      throw Error(fmt::format("{} does not divide {}", b.as<Dim>()->str(), a.as<Dim>()->str()));
    }
  }
  return number(real_of(a) / real_of(b));
}

Val power_of_numbers(const Val& a, const Val& b) {
  double power = std::pow(real_of(a), real_of(b));
  bool integer = both_dims(a, b) && real_of(b) >= 0 && std::abs(power) < 9e15;
  return integer ? Val{Dim(static_cast<int64_t>(power)), {}} : number(power);
}

}  // namespace nnc
