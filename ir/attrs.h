// Attributes of ops. Each struct lists its fields once, with the names they have in `.nn` text; hashing, printing
// and parsing walk that list, and equality is defaulted, so a new field cannot be forgotten anywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "ir/literal.h"
#include "ir/type.h"

namespace nnc {

class Graph;

/// How `reduce` combines. MaxSumExp takes (m, s) pairs: the running maximum and the sum of e^(x - m), with
/// operands x and 1. Moments takes (mean, m2, n) triples merged by Chan's formula (doi:10.2307/2683386), with
/// operands x, 0 and 1.
enum class Monoid : uint8_t { Add, Mul, Max, Min, MaxSumExp, Moments };

/// What kind of kernel computes a region; the order is the order of the design's table.
enum class KernelKind : uint8_t { Pointwise, Row, Reduce, Contraction, Index, Scan };

/// Enumerations print by name; the array is indexed by the enumerator.
template <class E>
struct EnumNames;
template <>
struct EnumNames<Monoid> {
  static constexpr std::string_view values[] = {"add", "mul", "max", "min", "max_sumexp", "moments"};
};
template <>
struct EnumNames<KernelKind> {
  static constexpr std::string_view values[] = {"pointwise", "row", "reduce", "contraction", "index", "scan"};
};
template <class E>
std::string_view name_of_enum(E e) {
  return EnumNames<E>::values[static_cast<int>(e)];
}

/// A field of an attribute struct: its name in text and where it lives.
template <class T, class M>
struct Field {
  std::string_view name;
  M T::*member;
};
template <class T, class M>
constexpr Field<T, M> field(std::string_view name, M T::*member) {
  return {name, member};
}

/// One windowed axis. Extent of the result: (n - (size - 1) * dilation - 1) / stride + 1, at least 0.
struct WindowAxis {
  int64_t axis = 0, size = 1, stride = 1, dilation = 1;
  bool operator==(const WindowAxis&) const = default;
};

struct NoAttrs {
  static constexpr auto fields() { return std::tuple<>(); }
  bool operator==(const NoAttrs&) const = default;
};
struct InputAttrs {
  std::string name;
  Type type;
  static constexpr auto fields() {
    return std::tuple(field("name", &InputAttrs::name), field("type", &InputAttrs::type));
  }
  bool operator==(const InputAttrs&) const = default;
};
struct ParamAttrs {
  std::string path;  // its identity: "h.linear.weight"
  Type type;
  bool trainable = true;  // false for optimizer moments, running statistics, counters
  static constexpr auto fields() {
    return std::tuple(field("path", &ParamAttrs::path), field("type", &ParamAttrs::type),
                      field("trainable", &ParamAttrs::trainable));
  }
  bool operator==(const ParamAttrs&) const = default;
};
struct ConstantAttrs {
  Literal value;
  static constexpr auto fields() { return std::tuple(field("value", &ConstantAttrs::value)); }
  bool operator==(const ConstantAttrs&) const = default;
};
struct IotaAttrs {
  Type type;
  int64_t axis = 0;
  static constexpr auto fields() {
    return std::tuple(field("type", &IotaAttrs::type), field("axis", &IotaAttrs::axis));
  }
  bool operator==(const IotaAttrs&) const = default;
};
struct ExtentAttrs {
  Dim dim;
  static constexpr auto fields() { return std::tuple(field("dim", &ExtentAttrs::dim)); }
  bool operator==(const ExtentAttrs&) const = default;
};
/// Element i of the row-major result: Philox4x32-10 under key (seed xor FNV-1a of `key`), counter words
/// {block low, block high, counter low, counter high}. f32: block i / 4, word i % 4, its top 24 bits times 2^-24.
/// f64: block i / 2, words 2 (i % 2) (low) and 2 (i % 2) + 1 (high), the top 53 of 64 bits times 2^-53.
struct RandomAttrs {
  std::string key;
  Type type;
  static constexpr auto fields() {
    return std::tuple(field("key", &RandomAttrs::key), field("type", &RandomAttrs::type));
  }
  bool operator==(const RandomAttrs&) const = default;
};
struct CastAttrs {
  DType to = DType::F32;
  static constexpr auto fields() { return std::tuple(field("to", &CastAttrs::to)); }
  bool operator==(const CastAttrs&) const = default;
};
struct BarrierAttrs {
  int64_t id = 0;
  static constexpr auto fields() { return std::tuple(field("id", &BarrierAttrs::id)); }
  bool operator==(const BarrierAttrs&) const = default;
};
struct ShapeAttrs {
  Shape shape;
  static constexpr auto fields() { return std::tuple(field("shape", &ShapeAttrs::shape)); }
  bool operator==(const ShapeAttrs&) const = default;
};
struct PermuteAttrs {
  std::vector<int64_t> order;
  static constexpr auto fields() { return std::tuple(field("order", &PermuteAttrs::order)); }
  bool operator==(const PermuteAttrs&) const = default;
};
/// `axes` strictly increasing; operand axis i has the extent of result axis axes[i].
struct BroadcastAttrs {
  Shape shape;
  std::vector<int64_t> axes;
  static constexpr auto fields() {
    return std::tuple(field("shape", &BroadcastAttrs::shape), field("axes", &BroadcastAttrs::axes));
  }
  bool operator==(const BroadcastAttrs&) const = default;
};
/// One entry per axis. The last element taken, start + (size - 1) * stride, must exist.
struct SliceAttrs {
  Shape start, size;
  std::vector<int64_t> stride;
  static constexpr auto fields() {
    return std::tuple(field("start", &SliceAttrs::start), field("size", &SliceAttrs::size),
                      field("stride", &SliceAttrs::stride));
  }
  bool operator==(const SliceAttrs&) const = default;
};
/// One entry per axis. Extent of the result: low + n + interior * (n - 1) + high (low + high where n is 0).
struct PadAttrs {
  Shape low, high;
  std::vector<int64_t> interior;
  Literal value;
  static constexpr auto fields() {
    return std::tuple(field("low", &PadAttrs::low), field("high", &PadAttrs::high),
                      field("interior", &PadAttrs::interior), field("value", &PadAttrs::value));
  }
  bool operator==(const PadAttrs&) const = default;
};
struct AxisAttrs {
  int64_t axis = 0;
  static constexpr auto fields() { return std::tuple(field("axis", &AxisAttrs::axis)); }
  bool operator==(const AxisAttrs&) const = default;
};
struct AxesAttrs {
  std::vector<int64_t> axes;  // increasing
  static constexpr auto fields() { return std::tuple(field("axes", &AxesAttrs::axes)); }
  bool operator==(const AxesAttrs&) const = default;
};
struct WindowAttrs {
  std::vector<WindowAxis> windows;  // increasing axes
  static constexpr auto fields() { return std::tuple(field("windows", &WindowAttrs::windows)); }
  bool operator==(const WindowAttrs&) const = default;
};
/// `shape` is the shape the window op read; the operand has window(shape)'s.
struct UnwindowAttrs {
  std::vector<WindowAxis> windows;
  Shape shape;
  static constexpr auto fields() {
    return std::tuple(field("windows", &UnwindowAttrs::windows), field("shape", &UnwindowAttrs::shape));
  }
  bool operator==(const UnwindowAttrs&) const = default;
};
struct ReduceAttrs {
  Monoid monoid = Monoid::Add;
  std::vector<int64_t> axes;  // increasing
  static constexpr auto fields() {
    return std::tuple(field("monoid", &ReduceAttrs::monoid), field("axes", &ReduceAttrs::axes));
  }
  bool operator==(const ReduceAttrs&) const = default;
};
/// Operands are float (bf16 included); products and sums are formed in `accumulate` (f32 or f64), which is also
/// the result's type.
struct DotAttrs {
  std::vector<int64_t> lhs_batch, rhs_batch, lhs_contract, rhs_contract;
  DType accumulate = DType::F32;
  static constexpr auto fields() {
    return std::tuple(field("lhs_batch", &DotAttrs::lhs_batch), field("rhs_batch", &DotAttrs::rhs_batch),
                      field("lhs_contract", &DotAttrs::lhs_contract),
                      field("rhs_contract", &DotAttrs::rhs_contract),
                      field("accumulate", &DotAttrs::accumulate));
  }
  bool operator==(const DotAttrs&) const = default;
};
/// A body graph belongs to its node and never changes once attached. Equal when structurally equal.
struct Body {
  std::shared_ptr<const Graph> graph;
  bool operator==(const Body& other) const;
};
/// Operands: `carries` initial states, then `scanned` values with leading extent `length`, then invariants. Body
/// inputs in the same order (scanned values without the leading axis); body outputs: next carries, then yields.
/// With `reverse`, step 0 takes the last slice, and yields are stored where their slice came from.
struct ScanAttrs {
  int64_t carries = 0, scanned = 0;
  Dim length;
  bool reverse = false;
  Body body;
  static constexpr auto fields() {
    return std::tuple(field("carries", &ScanAttrs::carries), field("scanned", &ScanAttrs::scanned),
                      field("length", &ScanAttrs::length), field("reverse", &ScanAttrs::reverse),
                      field("body", &ScanAttrs::body));
  }
  bool operator==(const ScanAttrs&) const = default;
};
struct RegionAttrs {
  KernelKind kind = KernelKind::Pointwise;
  std::string name;  // unique in its graph: shown in kernel lists and profiles
  Body body;
  static constexpr auto fields() {
    return std::tuple(field("kind", &RegionAttrs::kind), field("name", &RegionAttrs::name),
                      field("body", &RegionAttrs::body));
  }
  bool operator==(const RegionAttrs&) const = default;
};

using Attrs = std::variant<NoAttrs, InputAttrs, ParamAttrs, ConstantAttrs, IotaAttrs, ExtentAttrs,
                           RandomAttrs, CastAttrs, BarrierAttrs, ShapeAttrs, PermuteAttrs, BroadcastAttrs,
                           SliceAttrs, PadAttrs, AxisAttrs, AxesAttrs, WindowAttrs, UnwindowAttrs,
                           ReduceAttrs, DotAttrs, ScanAttrs, RegionAttrs>;

size_t hash_of(const Attrs& attrs);

}  // namespace nnc
