#include "ir/composites/movement.h"

#include <numeric>

#include <fmt/format.h>

#include "ir/composites/reductions.h"
#include "ir/error.h"

namespace nnc {
namespace {

constexpr int64_t kMaxParts = 10'000;  // a file may ask for any number; each part is a node

}  // namespace

Value flatten(Builder& b, Value x) {
  Shape shape = b.shape(x);
  if (shape.empty()) throw Error("flatten needs at least one axis");
  return b.reshape(x, {shape[0], element_count({shape.begin() + 1, shape.end()})});
}

std::vector<Value> split(Builder& b, Value x, int64_t parts, int64_t axis) {
  Type type = b.type(x);
  int64_t which = resolve_axis(type, axis);
  std::optional<Dim> size =
      parts < 1 || parts > kMaxParts ? std::nullopt : type.shape[which].divided_by(parts);
  if (!size)
    throw Error(fmt::format("axis {} of {} does not split into {} equal parts", which, type.str(), parts));
  std::vector<Value> out;
  for (int64_t i = 0; i < parts; ++i) out.push_back(b.slice_axis(x, which, *size * Dim(i), *size));
  return out;
}

Value concat(Builder& b, const std::vector<Value>& xs, int64_t axis) {
  return b.concat(xs, resolve_axis(b.type(xs.at(0)), axis));
}

Value stack(Builder& b, const std::vector<Value>& xs, int64_t axis) {
  Type type = b.type(xs.at(0));
  int64_t rank = type.rank() + 1;
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("a stack of {} has no axis {}", type.str(), axis));
  int64_t at = axis < 0 ? axis + rank : axis;
  Shape single = type.shape;
  single.insert(single.begin() + at, Dim(1));
  std::vector<Value> parts;
  for (Value x : xs) {
    if (b.type(x) != type)
      throw Error(fmt::format("stack takes tensors of one type, not {} and {}", type.str(), b.type(x).str()));
    parts.push_back(b.reshape(x, single));
  }
  return parts.size() == 1 ? parts[0] : b.concat(parts, at);
}

Value transpose(Builder& b, Value x, const std::vector<int64_t>& order) {
  Type type = b.type(x);
  std::vector<int64_t> resolved;
  for (int64_t axis : order) resolved.push_back(resolve_axis(type, axis));
  if (order.empty()) {
    if (type.rank() < 2) throw Error("transpose needs two axes, not " + type.str());
    resolved.resize(type.shape.size());
    std::iota(resolved.begin(), resolved.end(), 0);
    std::swap(resolved[resolved.size() - 1], resolved[resolved.size() - 2]);
  }
  return b.permute(x, resolved);
}

Value move_axis(Builder& b, Value x, int64_t from, int64_t to) {
  Type type = b.type(x);
  int64_t source = resolve_axis(type, from), target = resolve_axis(type, to);
  std::vector<int64_t> order(type.shape.size());
  std::iota(order.begin(), order.end(), 0);
  order.erase(order.begin() + source);
  order.insert(order.begin() + target, source);
  return b.permute(x, order);
}

}  // namespace nnc
