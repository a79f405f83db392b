#include "runtime/dataset.h"

#include "runtime/batches.h"

namespace nnc {

Table take_rows(const Table& table, const std::vector<int64_t>& rows) {
  Table out;
  for (const Column& c : table) {
    std::vector<int64_t> shape = c.values.shape();
    shape[0] = static_cast<int64_t>(rows.size());
    Tensor values(c.values.dtype(), std::move(shape));
    gather_rows(c.values, rows, values.bytes());
    out.push_back({c.name, std::move(values), c.role, c.classes, c.place, c.problem});
  }
  return out;
}

}  // namespace nnc
