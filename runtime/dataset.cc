#include "runtime/dataset.h"

#include <cstring>
#include <numeric>

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

Table slice_rows(const Table& table, int64_t begin, int64_t end) {
  std::vector<int64_t> rows(static_cast<size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return take_rows(table, rows);
}

}  // namespace nnc
