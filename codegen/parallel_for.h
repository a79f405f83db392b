// Independent work that is worth threads of its own: kernels to lower, to name, to compile.
#pragma once

#include <cstddef>
#include <functional>

namespace nnc {

/// Calls body(i, thread) for every i below `count`, in order of i as threads become free; `thread` is below `threads`. Throws
/// what the body threw for the smallest i, after all have run.
void parallel_for(int threads, size_t count, const std::function<void(size_t i, size_t thread)>& body);

}  // namespace nnc
