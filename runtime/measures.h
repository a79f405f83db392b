// Measures over a set: what a graph puts out for every batch, folded as each measure's spec says (ir/measures.h), and
// the numbers at the end. Folding into sums that have room allocates nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/measures.h"
#include "runtime/engine.h"

namespace nnc {

/// How often class t was taken for class p: counts[t * classes + p].
struct ConfusionMatrix {
  int64_t classes = 0;  // 0: there is none
  std::vector<int64_t> counts;
  int64_t at(int64_t target, int64_t predicted) const { return counts[target * classes + predicted]; }
};

/// A number about a set of samples.
struct Measure {
  std::string name;
  double value = 0;
  ConfusionMatrix confusion = {};  // of measures that count classes
  bool has_value = true;           // false: the matrix is all there is
  std::string target = {};         // the target whose classes they are
};

/// What has been folded so far, one vector per measure.
using MeasureSums = std::vector<std::vector<double>>;

/// Of no batches.
MeasureSums empty_sums(std::span<const MeasureSpec> specs);
/// Room for all that a set puts out, which sizes in `dims` as one batch of all its samples.
void reserve_sums(std::span<const MeasureSpec> specs, const Function& f, const Bindings& dims,
                  MeasureSums& sums);
/// Adds the first outputs of `f`, which ran over `samples` samples of extents `dims`. Throws Error for a target that is no
/// class.
void add_batch(std::span<const MeasureSpec> specs, const Function& f, const Bindings& dims, int64_t samples,
               MeasureSums& sums);
std::vector<Measure> finish_measures(std::span<const MeasureSpec> specs, const MeasureSums& sums);
/// Whether that many numbers can be the sums of the measure.
bool is_length_of(const MeasureSpec& spec, int64_t length);

}  // namespace nnc
