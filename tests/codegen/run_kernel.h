// Runs kernels of the loop form on host tensors, for tests.
#pragma once

#include <functional>
#include <vector>

#include "codegen/jit.h"
#include "codegen/loop_builder.h"
#include "ir/tensor.h"

namespace nnc::test {

/// Runs every task, in so many calls about as long as each other and the last first: `tensors` are the
/// operands and results in the kernel's buffer order, `dims` the values of its symbols. Returns the status
/// word.
uint32_t run(Jit& jit, const loop::Kernel& kernel, std::vector<Tensor*> tensors, const Bindings& dims = {},
             int calls = 1);

/// A kernel over `lanes` elements at a time of equally long buffers: results are what `body` makes of the
/// loaded operands. Whatever is left over goes through the same body one element at a time.
using MapBody = std::function<std::vector<loop::Val>(loop::Builder&, std::span<const loop::Val>)>;
loop::Kernel map_kernel(const std::vector<DType>& operands, const std::vector<DType>& results, int lanes,
                        const MapBody& body);

/// The targets this machine can test, by name.
std::vector<std::string> testable_targets();

}  // namespace nnc::test
