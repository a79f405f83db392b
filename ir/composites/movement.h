// Layers that only move elements. Axes may be negative (from the end).
#pragma once

#include <vector>

#include "ir/builder.h"

namespace nnc {

/// [N, a, b, …] -> [N, a*b*…]; a vector [N] -> [N, 1].
Value flatten(Builder& b, Value x);
/// `parts` equal parts along an axis whose extent they divide.
std::vector<Value> split(Builder& b, Value x, int64_t parts, int64_t axis = -1);
/// One after the other; equal but for `axis`.
Value concat(Builder& b, const std::vector<Value>& xs, int64_t axis = -1);
/// Tensors of one type along a new axis, which result axis `axis` is.
Value stack(Builder& b, const std::vector<Value>& xs, int64_t axis = 0);
/// The last two axes swapped, or, given an order, result axis i is axis order[i].
Value transpose(Builder& b, Value x, const std::vector<int64_t>& order = {});
/// Axis `from` becomes axis `to`; the others keep their order.
Value move_axis(Builder& b, Value x, int64_t from, int64_t to);

}  // namespace nnc
