// The train block's `columns`: how the columns of the data are prepared.
#include "ir/column_rows.h"
#include "ir/elaborate/elaborator.h"

namespace nnc {

void Elaborator::read_columns(TrainPlan& plan, const ast::TrainEntry& e) {
  std::vector<CallSpec> calls =
      read_calls(e, all_column_rows(), "a preparation of columns", "standardize(\"width\", \"height\")");
  plan.spec.columns.insert(plan.spec.columns.end(), calls.begin(), calls.end());
}

void Elaborator::override_columns(TrainSpec& spec) {
  override_calls("columns", spec.columns, all_column_rows());
}

}  // namespace nnc
