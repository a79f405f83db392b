// One op about to be computed: what the parts of the interpreter hand each other.
#pragma once

#include <span>
#include <vector>

#include "ir/bind.h"
#include "ir/interpreter.h"

namespace nnc {

/// Operands have the element types the precision gives them; results are there, zeroed, in their final shapes. Of an
/// elementwise op the result may be an operand too.
struct OpCall {
  Op op;
  const Attrs& attrs;
  std::span<const Tensor* const> in;
  std::span<Tensor> out;
  const Bindings& bindings;
  IndexFault* fault;  // its extent and index are set, once, when an index is out of range; extent -1 is none

  template <class A>
  const A& as() const {
    return std::get<A>(attrs);
  }
};

/// Every op but input, param, scan and region, which need the graph around them.
void compute(const OpCall& call);

// By class of op, each in a file of its own.
void compute_iota(const OpCall& call);
void compute_random(const OpCall& call);
void compute_permute(const OpCall& call);
void compute_broadcast(const OpCall& call);
void compute_slice(const OpCall& call);
void compute_pad(const OpCall& call);
void compute_concat(const OpCall& call);
void compute_reverse(const OpCall& call);
void compute_window(const OpCall& call);
void compute_unwindow(const OpCall& call);
void compute_gather(const OpCall& call);
void compute_scatter_add(const OpCall& call);
void compute_reduce(const OpCall& call);
void compute_argmax(const OpCall& call);
void compute_argmin(const OpCall& call);
void compute_dot(const OpCall& call);

}  // namespace nnc
