// The gather form of the adjoint of a convolution. The gradient by data arrives as
//
//   unwindow(permute(dot(g, w)))        g [batch, positions, out], w [out, in, taps]
//
// which would store every tap of every position. Result p sums g[(p - k d) / s] w[k] over the taps k for which the
// division is exact. These are, for all p of one phase p mod s, every (s / gcd(s, d))-th tap, read at
// consecutive places: a contraction of a window of g with flipped taps. So each phase is one contraction, and the
// phases are interleaved by concat and reshape.
//
// An unwindow of anything else stays: kernels read it tap by tap through its access map, in a fixed order.
#pragma once

#include "ir/builder.h"

namespace nnc {

/// What equals the unwindow node `n`, or an invalid Value where it is not the adjoint of a contraction.
Value gather_form(Builder& b, const Node& n);

/// The rewrite everywhere, bodies too.
Graph gather_unwindows(const Graph& source);

}  // namespace nnc
