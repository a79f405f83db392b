#include "ir/dim.h"

#include <algorithm>
#include <cassert>

#include "ir/error.h"

namespace nnc {

int64_t checked_mul(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) throw Error("a size overflows 63 bits");
  return out;
}

int64_t checked_add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) throw Error("a size overflows 63 bits");
  return out;
}

Dim::Dim(int64_t value) {
  if (value != 0) terms_.push_back({{}, value});
}

Dim Dim::symbol(std::string name) {
  Dim out;
  out.terms_.push_back({{std::move(name)}, 1});
  return out;
}

int64_t Dim::value() const {
  assert(is_constant());
  return terms_.empty() ? 0 : terms_[0].coefficient;
}

// Sorts by symbols, merges equal monomials and drops zeros: the canonical form equality relies on.
Dim Dim::from_terms(std::vector<Term> terms) {
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.symbols < b.symbols; });
  Dim out;
  for (Term& term : terms) {
    if (!out.terms_.empty() && out.terms_.back().symbols == term.symbols) {
      out.terms_.back().coefficient = checked_add(out.terms_.back().coefficient, term.coefficient);
    } else {
      out.terms_.push_back(std::move(term));
    }
  }
  std::erase_if(out.terms_, [](const Term& t) { return t.coefficient == 0; });
  return out;
}

Dim operator+(const Dim& a, const Dim& b) {
  std::vector<Dim::Term> terms = a.terms_;
  terms.insert(terms.end(), b.terms_.begin(), b.terms_.end());
  return Dim::from_terms(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) { return a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  // Far beyond any tensor, and enough to keep hostile text from growing polynomials without bound.
  if (a.terms_.size() * b.terms_.size() > 1024) throw Error("a size has too many terms");
  std::vector<Dim::Term> terms;
  for (const Dim::Term& x : a.terms_) {
    for (const Dim::Term& y : b.terms_) {
      Dim::Term product{x.symbols, checked_mul(x.coefficient, y.coefficient)};
      product.symbols.insert(product.symbols.end(), y.symbols.begin(), y.symbols.end());
      std::sort(product.symbols.begin(), product.symbols.end());
      terms.push_back(std::move(product));
    }
  }
  return Dim::from_terms(std::move(terms));
}

namespace {

std::optional<Dim::Term> divide(const Dim::Term& a, const Dim::Term& b) {
  if (b.coefficient == 0 || a.coefficient % b.coefficient != 0) return std::nullopt;
  if (!std::includes(a.symbols.begin(), a.symbols.end(), b.symbols.begin(), b.symbols.end()))
    return std::nullopt;
  Dim::Term out{{}, a.coefficient / b.coefficient};
  std::set_difference(a.symbols.begin(), a.symbols.end(), b.symbols.begin(), b.symbols.end(),
                      std::back_inserter(out.symbols));
  return out;
}

}  // namespace

std::optional<Dim> Dim::divided_by(const Dim& divisor) const {
  if (divisor.terms_.empty()) return std::nullopt;
  if (*this == divisor) return Dim(1);
  if (divisor.terms_.size() != 1) return std::nullopt;
  std::vector<Term> terms;
  for (const Term& term : terms_) {
    std::optional<Term> quotient = divide(term, divisor.terms_[0]);
    if (!quotient) return std::nullopt;
    terms.push_back(std::move(*quotient));
  }
  return from_terms(std::move(terms));
}

int64_t Dim::evaluate(const Bindings& bindings) const {
  int64_t sum = 0;
  for (const Term& term : terms_) {
    int64_t product = term.coefficient;
    for (const std::string& name : term.symbols) {
      auto it = bindings.find(name);
      if (it == bindings.end()) throw Error("the size of dimension '" + name + "' is not known");
      product = checked_mul(product, it->second);
    }
    sum = checked_add(sum, product);
  }
  return sum;
}

Dim Dim::substitute(const std::map<std::string, Dim>& replacement) const {
  Dim sum;
  for (const Term& term : terms_) {
    Dim product(term.coefficient);
    for (const std::string& name : term.symbols) {
      auto it = replacement.find(name);
      product = product * (it == replacement.end() ? Dim::symbol(name) : it->second);
    }
    sum = sum + product;
  }
  return sum;
}

void Dim::collect_symbols(std::set<std::string>& into) const {
  for (const Term& term : terms_) into.insert(term.symbols.begin(), term.symbols.end());
}

std::string Dim::str() const {
  if (terms_.empty()) return "0";
  std::string out;
  // Symbols first, the constant last: `2*B + 1`.
  auto append = [&](const Term& term) {
    int64_t c = term.coefficient;
    if (!out.empty() && c == INT64_MIN) {
      out += " + ";  // has no opposite
    } else if (!out.empty()) {
      out += c < 0 ? " - " : " + ";
      c = c < 0 ? -c : c;
    }
    bool bare = term.symbols.empty() || c != 1;
    if (bare) out += std::to_string(c);
    for (size_t i = 0; i < term.symbols.size(); ++i) {
      if (i > 0 || bare) out += "*";
      out += term.symbols[i];
    }
  };
  for (const Term& term : terms_) {
    if (!term.symbols.empty()) append(term);
  }
  if (terms_[0].symbols.empty()) append(terms_[0]);
  return out;
}

size_t Dim::hash() const {
  size_t h = terms_.size();
  for (const Term& term : terms_) {
    h = h * 1099511628211u + static_cast<size_t>(term.coefficient);
    for (const std::string& s : term.symbols) h = h * 1099511628211u + std::hash<std::string>()(s);
  }
  return h;
}

}  // namespace nnc
