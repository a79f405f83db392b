// The machine kernels are compiled for: what tile and vector choices may depend on. Filled from the host, or
// narrowed by name ("avx2", "avx512", "host"); anything else is an Error that lists what exists.
#pragma once

#include <cstdint>
#include <string>

namespace nnc {

struct Target {
  std::string cpu;            // LLVM's name: "sapphirerapids", "znver4", "x86-64-v3"
  std::string features;       // LLVM's feature string, "+avx512f,…"
  int vector_bytes = 16;      // of the widest vectors used: 64 for AVX-512, 32 for AVX2
  int vector_registers = 16;  // 32 for AVX-512
  bool fma = false;
  bool streams = false;                             // has stores that go past the caches, ordered by a fence
  int64_t l1_bytes = 32 << 10, l2_bytes = 1 << 20;  // per core

  static Target host();
  static Target named(const std::string& name);
};

}  // namespace nnc
