// One row per op x interesting shape: everything a test needs to try the op anywhere. The interpreter, the
// gradients and compiled code are all driven by these rows, so that an op is tested everywhere by adding it
// here: one row of the elementwise table (elementwise_rows.cc), or one entry with its shapes (the other
// *_rows.cc).
//
//   for (const OpRow& row : op_rows())
//     for (const RowCase& c : cases_of(row)) {
//       Graph g = row_graph(row, c.dtype);
//       RowData data = random_data(row, c, seed);
//       ... interpret(g, data.inputs, data.params) ...
//     }
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/eval.h"

namespace nnc::test {

/// What values an operand is drawn from. Integers take the whole numbers of the same ranges.
enum class Domain : uint8_t {
  Any,            // [-2, 2]; integers [-100, 100], u8 all of it
  Positive,       // [0.1, 4]
  AboveMinusOne,  // [-0.9, 3]
  NonZero,        // |x| in [0.25, 2]
  OffInteger,     // at least 0.1 from any whole number
  Distinct,       // no two elements of any operand of the row closer than about (4 / count)
  One,            // 1 everywhere
  Zero,           // 0 everywhere
  Index,          // whole numbers in [0, limit)
  WildIndex,      // whole numbers in [-3, limit + 3): some out of range
  Special,  // cycles through NaN, infinities, zeros, denormals, extremes; operands run through all pairs
};

struct Operand {
  Shape shape;
  Domain domain = Domain::Any;
  std::optional<DType> dtype;  // the row's, unless given
  Dim limit;                   // for indices
  bool is_param = false;
};

/// How close a compiled result must come to the f64 interpreter's.
struct Tolerance {
  double ulps = 0;          // of the result's type; 0: the same value
  bool of_largest = false;  // ulps of the largest element or 1, not of each element: for sums that cancel
};

struct OpRow {
  std::string name;  // unique: "exp/7"
  Op op;             // the op it is about
  std::vector<Operand> operands;
  Build build;
  std::vector<DType> dtypes;           // the types the row runs in
  std::vector<Bindings> bindings{{}};  // one run for each
  Tolerance tolerance;
  int gradient_order =
      0;  // highest order a gradient check makes sense for, in f64, with respect to float operands
  bool faults = false;  // reports an index out of range
};

struct RowCase {
  DType dtype;
  Bindings bindings;
  std::string str() const;  // "f32, B = 3"
};

struct RowData {
  NamedTensors inputs, params;  // x0, x1, ... by the operand's place
};

/// Every row; names are unique.
std::vector<OpRow> op_rows();
std::vector<RowCase> cases_of(const OpRow& row);
/// The row's leaves x0, x1, ... and what it builds from them.
struct RowValues {
  std::vector<Value> leaves, results;
};
RowValues build_row(Builder& b, const OpRow& row, DType dtype);
/// A graph of just that, with outputs y0, y1, ...
Graph row_graph(const OpRow& row, DType dtype);
RowData random_data(const OpRow& row, const RowCase& c, uint64_t seed);

/// Random elements of any type, as `domain` says. `limit` is for indices.
Tensor random_tensor(DType dtype, const std::vector<int64_t>& shape, Domain domain, uint64_t seed,
                     int64_t limit = 1);

// The parts op_rows() joins.
std::vector<OpRow> elementwise_rows();
std::vector<OpRow> movement_rows();
std::vector<OpRow> fold_rows();
std::vector<OpRow> structure_rows();

inline const std::vector<DType> kFloats{DType::F32, DType::F64};
inline const std::vector<DType> kNumbers{DType::F32, DType::F64, DType::I32, DType::I64, DType::U8};
inline const std::vector<DType> kAll{DType::F32, DType::F64, DType::BF16, DType::I32,
                                     DType::I64, DType::U8,  DType::Bool};

}  // namespace nnc::test
