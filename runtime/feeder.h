// Batch buffers for one table: the rows of a batch are gathered into them in the layout a program reads. The next
// batch may be gathered by another thread while the program reads this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/bind.h"
#include "runtime/helper_thread.h"

namespace nnc {

/// Where each input of a program lies, in its order: the table's inputs, then its targets.
using InputPointers = std::vector<const std::byte*>;

class Feeder {
 public:
  /// Room for batches of up to `batch` rows; the table outlives the feeder. A thread of its own gathers ahead where
  /// the program has `threads` of two or more and a batch is worth the hand-over; one thread stays one.
  Feeder(const BoundTable& table, int64_t batch, bool targets, int threads);

  /// The rows one after the other; valid until the next call.
  const InputPointers& gather(std::span<const int64_t> rows);
  /// Rows that the next gather() will probably ask for; what gather() just gave stays valid. Whether it was right,
  /// or called at all, changes nothing but the time. An exception surfaces in that gather().
  void ahead(std::span<const int64_t> rows);
  /// All rows in the order of the table, read in place where they are in memory as the program reads them.
  const InputPointers& whole_table();

 private:
  struct Batch {
    std::vector<Tensor> columns;
    InputPointers pointers;
  };
  Batch room_for(int64_t rows) const;
  void gather_into(Batch& batch, std::span<const int64_t> rows) const;

  std::vector<const FieldValues*> columns_;
  Batch current_, next_;
  InputPointers whole_;
  std::vector<int64_t> wanted_;  // rows of the next batch; empty when none is under way
  std::unique_ptr<HelperThread> helper_;
};

}  // namespace nnc
