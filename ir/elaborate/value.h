// What an expression of a model file is worth while the file is elaborated: numbers and sizes are known then,
// tensors are values of the graph. A poisoned value stands for one whose error has been reported; what uses
// it stays silent.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ir/builder.h"
#include "ir/error.h"
#include "ir/initializers.h"

namespace nnc {

struct Poison {};
/// Thrown where a poisoned value is needed: there is nothing left to report.
class PoisonUsed : public Error {
 public:
  PoisonUsed() : Error("an earlier error") {}
};

/// A value of the graph at some depth of open scans (Net::import brings it deeper).
struct TensorVal {
  Value value;
  size_t depth = 0;
};

struct Val;
/// Several results, or a list.
struct Many {
  std::vector<Val> items;
};

struct Val {
  // Dim covers integers and symbols; double is any other number.
  std::variant<Poison, TensorVal, Dim, double, bool, std::string, DType, Init, Many> v;
  Loc loc;  // the expression, or for a variable the name it was given

  template <class T>
  const T* as() const {
    return std::get_if<T>(&v);
  }
  bool poisoned() const { return as<Poison>() != nullptr; }
  bool is_number() const { return as<Dim>() != nullptr || as<double>() != nullptr; }
};

/// A list of numbers, which beside tensors is a vector.
bool is_vector(const Val& v);

/// Arithmetic on numbers and sizes. Division gives an integer (or size) where it is exact, else a real
/// number. Throws Error when a result is no number, overflows, or is a size too complicated to be meant.
Val add_numbers(const Val& a, const Val& b);
Val subtract_numbers(const Val& a, const Val& b);
Val multiply_numbers(const Val& a, const Val& b);
Val divide_numbers(const Val& a, const Val& b);
Val power_of_numbers(const Val& a, const Val& b);

/// The number as a double. Throws Error for a symbolic size.
double real_of(const Val& number);
/// The dimension itself, if no sane model would have a more complicated one. Throws Error otherwise.
const Dim& checked_dim(const Dim& d);

}  // namespace nnc
