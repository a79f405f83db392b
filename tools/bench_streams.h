// Kernels that are bound by memory, each beside a hand-written loop with the same reads and writes over the same memory.
#pragma once

namespace nnc::tool {

/// Registers them with Google Benchmark.
void register_streams();

}  // namespace nnc::tool
