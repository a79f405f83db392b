// A kernel under construction for one region: buffers declared, the body ready to be pulled, the vector width
// chosen. What every kind's lowering starts from and ends with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/access_walk.h"
#include "codegen/pull.h"
#include "codegen/target.h"

namespace nnc {

/// More than about ten instructions: worth a store and a load rather than a second computation.
bool is_expensive(Op op);

/// How many elements ahead the operands of a large kernel are asked for, at least: far enough for the arithmetic
/// between to hide how long memory takes.
inline constexpr int64_t kPrefetched = 512;

/// Results that large leave past the caches where they take no operand's place (codegen/streaming): they and their first
/// reader together are quicker so, however the reader goes about it; below, enough of them is still in the last cache.
/// Measured on one and two cores.
inline constexpr int64_t kStreamedBytes = int64_t{24} << 20;

class RegionKernel {
 public:
  RegionKernel(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);

  const Graph& body;
  const Target& target;
  loop::Kernel kernel;
  loop::Builder b;
  Pull pull;
  int lanes;  // elements a vector step covers: f32's number where anything is 4 bytes or less, else f64's

  size_t result_count() const { return body.outputs().size(); }
  Value result(size_t i) const { return body.outputs()[i].value; }
  const Shape& result_shape(size_t i) const { return body.type(result(i)).shape; }
  int result_buffer(size_t i) const { return static_cast<int>(body.inputs().size() + i); }
  /// The size tiles are chosen for.
  int64_t expect(const Dim& extent) const { return extent.evaluate(expected_); }
  int64_t result_bytes(size_t i) const {
    return expect(element_count(result_shape(i))) * size_of(body.type(result(i)).dtype);
  }
  /// Of all operands and results.
  Dim bytes() const;
  /// Whether they are more than a core's cache holds, at the size that is expected.
  bool is_large() const { return expect(bytes()) >= target.l2_bytes; }
  /// Whether memory is asked for them ahead: where machines do not foresee as much by themselves, or rows of so many bytes
  /// leave the first-level cache between one walk and the next.
  bool requests_memory(int64_t row_bytes = 0) const;
  int scratch(const std::string& name, DType dtype, const Dim& count);
  /// Operand and result may be the same memory.
  void may_alias(NodeId input, size_t result);

  using VectorBody = std::function<void(loop::Val iv, loop::Val active)>;
  /// Runs body(iv, active) for every whole vector of [lo, hi), then once, masked, for what is left. `length` is
  /// hi - lo where it is known.
  void vector_loop(loop::Val lo, loop::Val hi, const Dim* length, const VectorBody& body);
  /// The same, `unroll` vectors at a time, and masked for all that is left.
  void unrolled_loop(loop::Val lo, loop::Val hi, int unroll, const VectorBody& body);
  /// Stores `value` (one per lane) at the position of `index` in result i.
  void store(size_t result, const std::vector<IndexExpr>& index, loop::Val value, const Lanes& lanes);
  /// What result i holds at `index` so far.
  loop::Val load_result(size_t result, const std::vector<IndexExpr>& index, const Lanes& lanes) {
    return pull.load(result_buffer(result), linearize(index, result_shape(result)), {}, lanes);
  }

  /// Closes the kernel: fills in the counts of operations and bytes.
  loop::Kernel finish();

 private:
  const Bindings& expected_;
};

/// The lowering of each kind; each throws Error for a body that its kind does not cover.
loop::Kernel lower_pointwise(const Graph& graph, NodeId region, const Target& target,
                             const Bindings& expected);
loop::Kernel lower_row(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);
loop::Kernel lower_reduce(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);
loop::Kernel lower_index(const Graph& graph, NodeId region, const Target& target, const Bindings& expected);

/// One result of a map kernel: for every point of the space, the elements of the trailing axes `taps`.
struct MapResult {
  size_t result;
  Shape taps;
};
/// Every point of `space` by itself, vectorised along its innermost loop: pointwise regions, and rows narrow
/// enough for one lane each.
loop::Kernel emit_map(RegionKernel& k, const Shape& space, const std::vector<MapResult>& results);

}  // namespace nnc
