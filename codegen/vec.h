// Arithmetic on LLVM values written as arithmetic: a value and the builder that makes more of them. Scalars
// and vectors are alike; a number beside a Vec is a constant of its type. Private to codegen.
#pragma once

#include <functional>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/loop.h"

namespace nnc {

using IR = llvm::IRBuilder<>;

/// The type of a value in registers (bool is i1, bf16 its bits in i16) and in memory (bool is i8).
llvm::Type* register_type(IR& ir, loop::VType type);
llvm::Type* memory_type(IR& ir, loop::VType type);
llvm::Constant* constant(IR& ir, const Literal& literal);

/// `scalar` in place of the element type of `like`, as many lanes.
llvm::Type* with_element(llvm::Type* like, llvm::Type* scalar);

struct Vec {
  IR* ir = nullptr;
  llvm::Value* value = nullptr;

  llvm::Type* type() const { return value->getType(); }
  bool is_float() const { return type()->isFPOrFPVectorTy(); }
  int lanes() const;
  Vec with(llvm::Value* v) const { return {ir, v}; }
  /// Constants of this type; `bits` are the bits of a float.
  Vec number(double x) const { return with(llvm::ConstantFP::get(type(), x)); }
  Vec integer(int64_t x) const {
    return with(llvm::ConstantInt::get(type(), static_cast<uint64_t>(x), true));
  }
};

// Floats or integers
Vec operator+(Vec a, Vec b);
Vec operator-(Vec a, Vec b);
Vec operator*(Vec a, Vec b);
inline Vec operator+(Vec a, double b) { return a + a.number(b); }
inline Vec operator-(Vec a, double b) { return a - a.number(b); }
inline Vec operator*(Vec a, double b) { return a * a.number(b); }
inline Vec operator-(double a, Vec b) { return b.number(a) - b; }

// Floats
Vec operator/(Vec a, Vec b);
Vec operator-(Vec a);
Vec fma(Vec a, Vec b, Vec c);
inline Vec fma(Vec a, double b, Vec c) { return fma(a, a.number(b), c); }
inline Vec fma(Vec a, Vec b, double c) { return fma(a, b, a.number(c)); }
inline Vec fma(Vec a, double b, double c) { return fma(a, a.number(b), a.number(c)); }
Vec abs(Vec a);
Vec sqrt(Vec a);
Vec floor(Vec a);
Vec copysign(Vec magnitude, Vec sign);
Vec bits(Vec a);      // float to the integer of its width
Vec as_float(Vec a);  // and back
Vec to_f64(Vec a);
Vec to_f32(Vec a);

// Comparisons of floats, false with a NaN (`ne`: true)
Vec operator<(Vec a, Vec b);
Vec operator>(Vec a, Vec b);
Vec eq(Vec a, Vec b);
Vec ne(Vec a, Vec b);
Vec is_nan(Vec a);
inline Vec operator<(Vec a, double b) { return a < a.number(b); }
inline Vec operator>(Vec a, double b) { return a > a.number(b); }
inline Vec eq(Vec a, double b) { return eq(a, a.number(b)); }

// Integers and masks
Vec operator&(Vec a, Vec b);
Vec operator|(Vec a, Vec b);
Vec operator^(Vec a, Vec b);
Vec operator!(Vec mask);
Vec shift_left(Vec a, int n);
Vec shift_right(Vec a, int n);             // zeros enter
Vec shift_right_arithmetic(Vec a, int n);  // the sign enters
inline Vec operator&(Vec a, int64_t b) { return a & a.integer(b); }
inline Vec operator|(Vec a, int64_t b) { return a | a.integer(b); }

Vec select(Vec mask, Vec a, Vec b);
inline Vec select(Vec mask, double a, Vec b) { return select(mask, b.number(a), b); }
inline Vec select(Vec mask, Vec a, double b) { return select(mask, a, a.number(b)); }

/// `usual`, and where `mask` holds what `rare` makes instead, which runs only if any lane needs it.
Vec replace_where(Vec mask, Vec usual, const std::function<Vec()>& rare);

/// Coefficients from the highest power down, by Horner's rule with fused steps.
template <size_t N>
Vec polynomial(Vec x, const double (&coefficients)[N]) {
  Vec sum = x.number(coefficients[0]);
  for (size_t i = 1; i < N; ++i) sum = fma(sum, x, coefficients[i]);
  return sum;
}

/// All lanes of a mask, or any, as one bool.
Vec all_of(Vec mask);
Vec any_of(Vec mask);

/// `function` of the C library (by its own name, "exp", "pow"), lane by lane; f64 arguments.
Vec libm(const char* function, std::initializer_list<Vec> args);

}  // namespace nnc
