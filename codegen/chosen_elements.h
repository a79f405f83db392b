// Code for the elements of a row that choices are about (codegen/row_choice.h): picks are read before the walk along
// the row, repairs computed before and stored after it.
#pragma once

#include <vector>

#include "codegen/region_kernel.h"
#include "codegen/row_choice.h"

namespace nnc {

class ChosenElements {
 public:
  /// Rows of `length` elements, all that the last one of `space` counts. `variables` are its loops', those over rows with
  /// the values of the row at hand wherever code is asked for.
  ChosenElements(RegionKernel& k, const Dim& length, const LoopSpace& space,
                 const std::vector<IndexExpr>& variables);

  /// Computes the pick; the sum that it is, read at `row`, is that from here on.
  void take(const RowPick& pick, const AccessMap& row);
  /// To the end of the pull evaluator's scope the choices of the repairs hold nowhere.
  void rule_out(const std::vector<RowRepair>& repairs);

  /// The results' elements at a chosen place, where that exists.
  struct Repaired {
    const RowRepair* repair;
    loop::Val exists;
    std::vector<IndexExpr> index;
    std::vector<loop::Val> values;
  };
  std::vector<Repaired> compute(const std::vector<RowRepair>& repairs);
  void store(const std::vector<Repaired>& repaired);

 private:
  struct Place {
    loop::Val exists;  // false where the index is outside the row
    std::vector<IndexExpr> index;
  };
  Place place_of(const RowChoice& choice);
  std::vector<loop::Val> elements(const Place& place, const std::vector<Value>& values);

  RegionKernel& k_;
  loop::Builder& b_;
  Dim length_;
  const LoopSpace& space_;
  const std::vector<IndexExpr>& variables_;
};

}  // namespace nnc
