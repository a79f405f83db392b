#include "passes/split_reductions.h"

#include "passes/rewrite.h"

namespace nnc {
namespace {

constexpr int64_t kLarge = int64_t{1} << 20;  // elements: some hundred microseconds
constexpr int64_t kRow = 4096;                // elements a row of a flat operand gets
constexpr int64_t kRows = 16, kLeast = 512;   // rows that are worth it, and elements in each

bool is_split_monoid(const Node& n) {
  return n.op == Op::Reduce && n.operands.size() == 1 && n.results[0].is_scalar();
}

// [rows, elements of a row] for an operand of that shape; nothing where one step is as good.
std::optional<Shape> rows_of(const Shape& shape) {
  Dim count = element_count(shape);
  if (!count.is_constant() || count.value() < kLarge) return std::nullopt;
  int64_t all = count.value(), rows = shape[0].value();
  if (rows >= kRows && all / rows >= kLeast) return Shape{rows, all / rows};
  if (all % kRow == 0) return Shape{all / kRow, kRow};
  return std::nullopt;
}

std::vector<Value> split(Builder& b, const Node& n, const std::vector<Value>& operands) {
  if (!is_split_monoid(n)) return {};
  std::optional<Shape> rows = rows_of(b.shape(operands[0]));
  if (!rows) return {};
  Monoid monoid = n.as<ReduceAttrs>().monoid;
  Value of_rows = b.reduce(monoid, b.reshape(operands[0], *rows), {1});
  return {b.reduce(monoid, of_rows, {0})};
}

}  // namespace

Graph split_reductions(const Graph& graph) { return rebuild(graph, split, Bodies::Visit); }

}  // namespace nnc
