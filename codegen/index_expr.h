// Index arithmetic of access maps: expressions affine in loop variables, with extents as coefficients, and
// quotients and remainders by an extent where a reshape needs them. Kept simplified: with j < 28,
// (28*i + j) / 28 is i, (28*i + j) % 28 is j, and 28*(k / 28) + k % 28 is k again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/dim.h"

namespace nnc {

struct IndexAtom;

/// constant + sum of coefficient * atom. Values are integers; a variable is at least 0 and below its extent.
class IndexExpr {
 public:
  using Atom = std::shared_ptr<const IndexAtom>;
  struct Term {
    Atom atom;
    Dim coefficient;
  };
  /// Inclusive bounds; a guess where the sign of a coefficient such as T - 2 is not known.
  struct Range {
    Dim lo, hi;
    bool certain = true;
  };

  IndexExpr(Dim constant = 0) : constant_(std::move(constant)) {}  // NOLINT: extents are indices
  IndexExpr(int64_t constant) : constant_(constant) {}             // NOLINT
  IndexExpr(int constant) : constant_(constant) {}                 // NOLINT
  static IndexExpr variable(int id, Dim extent);
  static IndexExpr of(Atom atom);

  const Dim& constant() const { return constant_; }
  const std::vector<Term>& terms() const { return terms_; }
  bool is_constant() const { return terms_.empty(); }
  /// Whether the value depends on the variable.
  bool uses(int variable) const;
  /// Whether a quotient or remainder remains.
  bool has_division() const;
  /// What one step of the variable adds; nothing when it sits inside a quotient or remainder.
  std::optional<Dim> coefficient(int variable) const;
  Range range() const;
  /// The variable replaced by an expression, which must stay within the variable's extent.
  IndexExpr substitute(int variable, const IndexExpr& by) const;
  int64_t evaluate(const std::map<int, int64_t>& variables, const Bindings& dims) const;
  /// Canonical text: equal text means equal expressions.
  std::string str() const;
  bool operator==(const IndexExpr& other) const { return str() == other.str(); }

  friend IndexExpr operator+(const IndexExpr& a, const IndexExpr& b);
  friend IndexExpr operator*(const IndexExpr& a, const Dim& b);
  friend IndexExpr operator-(const IndexExpr& a, const IndexExpr& b) { return a + b * Dim(-1); }
  /// floor(a / b) and a - b * floor(a / b), for b of at least 1.
  friend IndexExpr operator/(const IndexExpr& a, const Dim& b);
  friend IndexExpr operator%(const IndexExpr& a, const Dim& b);

 private:
  static IndexExpr from_terms(Dim constant, std::vector<Term> terms);

  Dim constant_;
  std::vector<Term> terms_;  // sorted by the atoms' text, no coefficient zero
};

enum class AtomKind : uint8_t { Variable, Quotient, Remainder };

struct IndexAtom {
  AtomKind kind = AtomKind::Variable;
  int variable = 0;
  Dim extent;       // of the variable
  IndexExpr inner;  // never negative
  Dim divisor;
  std::string text;
};

/// True only when the polynomial is known to be at least 0 for every binding with symbols of at least 0.
bool provably_not_negative(const Dim& d);

}  // namespace nnc
