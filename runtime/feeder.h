// Batch buffers for one table: the rows of a batch are gathered into them in the layout a program reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/bind.h"

namespace nnc {

/// Where each input of a program lies, in its order: the table's inputs, then its targets.
using InputPointers = std::vector<const std::byte*>;

class Feeder {
 public:
  /// Room for batches of up to `batch` rows; the table outlives the feeder.
  Feeder(const BoundTable& table, int64_t batch, bool targets);

  /// The rows one after the other; valid until the next call.
  const InputPointers& gather(std::span<const int64_t> rows);
  /// All rows in the order of the table, read in place.
  const InputPointers& whole_table();

 private:
  std::vector<const Tensor*> columns_;
  std::vector<Tensor> buffers_;
  InputPointers pointers_;
};

}  // namespace nnc
