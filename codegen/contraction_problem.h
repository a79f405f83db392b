// What a plan for a contraction may depend on: sizes, and how operands and results lie in memory.
#pragma once

#include <cstdint>

#include "codegen/contraction_form.h"

namespace nnc::contraction {

/// Sizes are those expected; `fixed` tells which are the same at every run.
struct OperandShape {
  bool strided = false;  // readable in place: strides in elements, 0 where symbolic
  bool fixed = false;    // the free stride is a constant
  int64_t free_stride = 0, depth_stride = 0;
  Unit unit = Unit::Neither;
  double bytes = 4;  // read from memory for an element: a prologue's inputs may be narrower
};
struct ProblemShape {
  int64_t batch = 1, rows = 1, columns = 1, depth = 1;
  bool rows_fixed = true, columns_fixed = true, depth_fixed = true;
  int64_t element_bytes = 4;
  OperandShape row, column;
  bool plain = true;              // no epilogue, and columns are neighbours in the result
  bool output_by_columns = true;  // columns, not rows, are neighbours in the result
  bool scattered = false;         // neither are
  int64_t epilogue_bytes = 0;  // of what results are made of beside the product and is as large as they are
  int64_t epilogue_steps = 0;  // operations for each result behind the product
};
ProblemShape problem_shape(const Form& form, const Bindings& expected);

}  // namespace nnc::contraction
