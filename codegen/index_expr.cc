#include "codegen/index_expr.h"

#include <algorithm>

#include <fmt/format.h>

namespace nnc {
namespace {

using Term = IndexExpr::Term;

bool provably_below(const IndexExpr& e, const Dim& bound) {
  IndexExpr::Range r = e.range();
  return r.certain && provably_not_negative(r.lo) && provably_not_negative(bound - r.hi - 1);
}

IndexExpr::Atom make_atom(AtomKind kind, const IndexExpr& inner, const Dim& divisor) {
  IndexAtom atom{kind, -1, 0, inner, divisor, ""};
  atom.text = fmt::format("({} {} {})", inner.str(), kind == AtomKind::Quotient ? "/" : "%", divisor.str());
  return std::make_shared<const IndexAtom>(std::move(atom));
}

// e = divisor * quotient + rest, as far as coefficients divide exactly.
struct Split {
  IndexExpr quotient, rest;
};

Split split_constant(const Dim& c, const Dim& divisor) {
  if (std::optional<Dim> q = c.divided_by(divisor)) return {*q, 0};
  if (!c.is_constant() || !divisor.is_constant() || divisor.value() <= 0) return {0, c};
  int64_t d = divisor.value(), r = ((c.value() % d) + d) % d;
  return {Dim((c.value() - r) / d), Dim(r)};
}

}  // namespace

bool provably_not_negative(const Dim& d) {
  return std::all_of(d.terms().begin(), d.terms().end(),
                     [](const Dim::Term& t) { return t.coefficient >= 0; });
}

IndexExpr IndexExpr::of(Atom atom) {
  IndexExpr e;
  e.terms_.push_back({std::move(atom), 1});
  return e;
}

IndexExpr IndexExpr::variable(int id, Dim extent) {
  if (extent.is(1)) return 0;
  return of(std::make_shared<const IndexAtom>(
      IndexAtom{AtomKind::Variable, id, std::move(extent), 0, 1, fmt::format("v{}", id)}));
}

IndexExpr IndexExpr::from_terms(Dim constant, std::vector<Term> terms) {
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return a.atom->text < b.atom->text; });
  IndexExpr out(std::move(constant));
  for (Term& t : terms) {
    if (!out.terms_.empty() && out.terms_.back().atom->text == t.atom->text) {
      out.terms_.back().coefficient = out.terms_.back().coefficient + t.coefficient;
    } else {
      out.terms_.push_back(std::move(t));
    }
  }
  std::erase_if(out.terms_, [](const Term& t) { return t.coefficient.is(0); });
  return out;
}

// k*d*(e / d) + k*(e % d) is k*e. The quotient is found by building e / d anew: nested quotients are one
// atom.
IndexExpr operator+(const IndexExpr& a, const IndexExpr& b) {
  std::vector<Term> terms = a.terms_;
  terms.insert(terms.end(), b.terms_.begin(), b.terms_.end());
  IndexExpr sum = IndexExpr::from_terms(a.constant_ + b.constant_, std::move(terms));
  for (size_t i = 0; i < sum.terms_.size(); ++i) {
    const IndexAtom& rem = *sum.terms_[i].atom;
    if (rem.kind != AtomKind::Remainder) continue;
    IndexExpr quotient = rem.inner / rem.divisor;
    if (quotient.terms_.size() != 1 || !quotient.constant_.is(0) || !quotient.terms_[0].coefficient.is(1))
      continue;
    Dim k = sum.terms_[i].coefficient, wanted = k * rem.divisor;
    for (size_t j = 0; j < sum.terms_.size(); ++j) {
      const Term& t = sum.terms_[j];
      if (t.atom->text != quotient.terms_[0].atom->text || t.coefficient != wanted) continue;
      IndexExpr whole = rem.inner * k;
      std::vector<Term> rest;
      for (size_t n = 0; n < sum.terms_.size(); ++n) {
        if (n != i && n != j) rest.push_back(sum.terms_[n]);
      }
      return IndexExpr::from_terms(sum.constant_, std::move(rest)) + whole;
    }
  }
  return sum;
}

IndexExpr operator*(const IndexExpr& a, const Dim& b) {
  std::vector<Term> terms = a.terms_;
  for (Term& t : terms) t.coefficient = t.coefficient * b;
  return IndexExpr::from_terms(a.constant_ * b, std::move(terms));
}

namespace {

Split split(const IndexExpr& e, const Dim& divisor) {
  Split out = split_constant(e.constant(), divisor);
  for (const Term& t : e.terms()) {
    IndexExpr term = IndexExpr::of(t.atom);
    if (std::optional<Dim> q = t.coefficient.divided_by(divisor))
      out.quotient = out.quotient + term * *q;
    else
      out.rest = out.rest + term * t.coefficient;
  }
  return out;
}

// With rest = g * high + low, 0 <= low < g and g a divisor of d: rest / d is high / (d / g), and rest % d is
// g * (high % (d / g)) + low. Coefficients are the candidates for g.
struct Factored {
  Dim g, reduced;
  IndexExpr high, low;
};

std::optional<Factored> factor(const IndexExpr& rest, const Dim& divisor) {
  for (const Term& t : rest.terms()) {
    const Dim& g = t.coefficient;
    std::optional<Dim> reduced = divisor.divided_by(g);
    if (!reduced || g.is(1) || !provably_not_negative(g)) continue;
    Split s = split(rest, g);
    if (provably_below(s.rest, g)) return Factored{g, *reduced, s.quotient, s.rest};
  }
  return std::nullopt;
}

// How many divisors to add so that the rest is not negative: as many as lo has below zero, each being at
// least 1.
Dim lift(const IndexExpr& e) {
  Dim out = 0, lo = e.range().lo;
  for (const Dim::Term& t : lo.terms()) {
    Dim term = -t.coefficient;
    for (const std::string& s : t.symbols) term = term * Dim::symbol(s);
    if (t.coefficient < 0) out = out + term;
  }
  return out;
}

bool is_quotient(const IndexExpr& e) {
  return e.terms().size() == 1 && e.constant().is(0) && e.terms()[0].coefficient.is(1) &&
         e.terms()[0].atom->kind == AtomKind::Quotient;
}

}  // namespace

IndexExpr operator/(const IndexExpr& a, const Dim& b) {
  if (b.is(1)) return a;
  Split s = split(a, b);
  if (provably_below(s.rest, b)) return s.quotient;
  if (std::optional<Factored> f = factor(s.rest, b)) return s.quotient + f->high / f->reduced;
  if (is_quotient(s.rest)) {
    const IndexAtom& q = *s.rest.terms()[0].atom;
    return s.quotient + q.inner / (q.divisor * b);
  }
  Dim up = lift(s.rest);
  return s.quotient - up + IndexExpr::of(make_atom(AtomKind::Quotient, s.rest + IndexExpr(up * b), b));
}

IndexExpr operator%(const IndexExpr& a, const Dim& b) {
  if (b.is(1)) return 0;
  Split s = split(a, b);
  if (provably_below(s.rest, b)) return s.rest;
  if (std::optional<Factored> f = factor(s.rest, b)) return (f->high % f->reduced) * f->g + f->low;
  return IndexExpr::of(make_atom(AtomKind::Remainder, s.rest + IndexExpr(lift(s.rest) * b), b));
}

namespace {

IndexExpr::Range atom_range(const IndexAtom& atom) {
  switch (atom.kind) {
    case AtomKind::Variable:
      return {0, atom.extent - 1};
    case AtomKind::Remainder:
      return {0, atom.divisor - 1};
    case AtomKind::Quotient:
      break;
  }
  IndexExpr::Range in = atom.inner.range();
  Dim hi = in.hi;  // holds for every divisor, which is at least 1
  if (hi.is_constant() && atom.divisor.is_constant())
    hi = hi.value() / atom.divisor.value();
  else if (std::optional<Dim> q = (hi + 1).divided_by(atom.divisor))
    hi = *q - 1;
  return {0, hi, in.certain};
}

// Coefficients are extents' products up to sign, so one such as T - 2 has the sign of its term of highest
// degree.
bool grows(const Dim& coefficient) {
  const auto& terms = coefficient.terms();
  auto degree = [](const Dim::Term& a, const Dim::Term& b) { return a.symbols.size() < b.symbols.size(); };
  auto top = std::max_element(terms.begin(), terms.end(), degree);
  return top == terms.end() || top->coefficient >= 0;
}

}  // namespace

IndexExpr::Range IndexExpr::range() const {
  Range out{constant_, constant_};
  for (const Term& t : terms_) {
    Range a = atom_range(*t.atom);
    bool up = grows(t.coefficient);
    out.lo = out.lo + t.coefficient * (up ? a.lo : a.hi);
    out.hi = out.hi + t.coefficient * (up ? a.hi : a.lo);
    Dim size = up ? t.coefficient : Dim(0) - t.coefficient;
    out.certain = out.certain && a.certain && provably_not_negative(size);
  }
  return out;
}

bool IndexExpr::uses(int variable) const {
  return std::any_of(terms_.begin(), terms_.end(), [&](const Term& t) {
    return t.atom->kind == AtomKind::Variable ? t.atom->variable == variable : t.atom->inner.uses(variable);
  });
}

bool IndexExpr::has_division() const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [](const Term& t) { return t.atom->kind != AtomKind::Variable; });
}

std::optional<Dim> IndexExpr::coefficient(int variable) const {
  Dim out = 0;
  for (const Term& t : terms_) {
    if (t.atom->kind != AtomKind::Variable && t.atom->inner.uses(variable)) return std::nullopt;
    if (t.atom->kind == AtomKind::Variable && t.atom->variable == variable) out = t.coefficient;
  }
  return out;
}

IndexExpr IndexExpr::substitute(int variable, const IndexExpr& by) const {
  IndexExpr out(constant_);
  for (const Term& t : terms_) {
    IndexExpr part;
    switch (t.atom->kind) {
      case AtomKind::Variable:
        part = t.atom->variable == variable ? by : of(t.atom);
        break;
      case AtomKind::Quotient:
        part = t.atom->inner.substitute(variable, by) / t.atom->divisor;
        break;
      case AtomKind::Remainder:
        part = t.atom->inner.substitute(variable, by) % t.atom->divisor;
        break;
    }
    out = out + part * t.coefficient;
  }
  return out;
}

int64_t IndexExpr::evaluate(const std::map<int, int64_t>& variables, const Bindings& dims) const {
  int64_t sum = constant_.evaluate(dims);
  for (const Term& t : terms_) {
    int64_t x = 0;
    switch (t.atom->kind) {
      case AtomKind::Variable:
        x = variables.at(t.atom->variable);
        break;
      case AtomKind::Quotient:
        x = t.atom->inner.evaluate(variables, dims) / t.atom->divisor.evaluate(dims);
        break;
      case AtomKind::Remainder:
        x = t.atom->inner.evaluate(variables, dims) % t.atom->divisor.evaluate(dims);
        break;
    }
    sum += t.coefficient.evaluate(dims) * x;
  }
  return sum;
}

std::string IndexExpr::str() const {
  std::string out;
  for (const Term& t : terms_) {
    if (!out.empty()) out += " + ";
    if (!t.coefficient.is(1)) out += fmt::format("({})*", t.coefficient.str());
    out += t.atom->text;
  }
  if (out.empty() || !constant_.is(0)) out += fmt::format("{}{}", out.empty() ? "" : " + ", constant_.str());
  return out;
}

}  // namespace nnc
