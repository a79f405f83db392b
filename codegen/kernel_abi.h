// The one calling convention between compiled kernels and whoever runs them. Plain data, no LLVM.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nnc {

/// Bits a kernel sets in KernelCall::status; read after the step.
enum StatusBit : uint32_t { kIndexOutOfRange = 1 };

/// What every thread of one kernel call shares. `buffers` holds the operands' addresses, then the results',
/// in the order of loop::Kernel::buffers (scratch excluded); `dims` the run-time extents in the order of
/// Kernel::symbols; `literals` 8-byte slots, each holding the bits of one literal, zero-extended.
struct KernelCall {
  void* const* buffers;
  const int64_t* dims;
  const uint64_t* literals;
  uint32_t* status;
};

/// Runs tasks [begin, end) of the kernel. `scratch` is this thread's own, 64-byte aligned.
using KernelFunction = void (*)(const KernelCall* call, int64_t begin, int64_t end, std::byte* scratch);

}  // namespace nnc
