// The extent of one tensor axis: a polynomial with integer coefficients over named symbols, in canonical form.
// `B`, `28`, `B*T`, `2*B + 1` are extents; equality of polynomials is equality of extents for every binding.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nnc {

/// What each symbol stands for at run time.
using Bindings = std::map<std::string, int64_t>;

class Dim {
 public:
  /// coefficient * product of `symbols` (sorted, repeated for powers).
  struct Term {
    std::vector<std::string> symbols;
    int64_t coefficient = 0;
    bool operator==(const Term&) const = default;
  };

  Dim(int64_t value = 0);  // NOLINT: numbers are extents
  static Dim symbol(std::string name);

  bool is_constant() const { return terms_.empty() || (terms_.size() == 1 && terms_[0].symbols.empty()); }
  /// The number this is; only for constants.
  int64_t value() const;
  bool is(int64_t n) const { return is_constant() && value() == n; }
  /// The terms, sorted by their symbols, no coefficient zero.
  const std::vector<Term>& terms() const { return terms_; }

  /// The quotient when `divisor` is a single term that divides every term exactly; nothing otherwise.
  std::optional<Dim> divided_by(const Dim& divisor) const;
  /// Throws Error on an unbound symbol or on overflow of 63 bits.
  int64_t evaluate(const Bindings& bindings) const;
  /// This with the bound symbols replaced by their values.
  Dim substitute(const std::map<std::string, Dim>& replacement) const;
  void collect_symbols(std::set<std::string>& into) const;
  std::string str() const;
  size_t hash() const;

  bool operator==(const Dim&) const = default;
  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);

 private:
  static Dim from_terms(std::vector<Term> terms);
  std::vector<Term> terms_;
};

/// a*b, a+b on extents as numbers, refusing overflow with an Error.
int64_t checked_mul(int64_t a, int64_t b);
int64_t checked_add(int64_t a, int64_t b);

}  // namespace nnc
