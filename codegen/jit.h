// Compiles kernels in loop form to machine code in this process. Kernels that print alike, literals aside,
// are compiled once, and not at all where an earlier process left their object in the cache; several functions
// compile at the same time. The code lives as long as its Jit.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/cache_options.h"
#include "codegen/kernel_abi.h"
#include "codegen/loop.h"
#include "codegen/target.h"

namespace nnc {

/// Not for use by several threads at once; the functions it returns are.
class Jit {
 public:
  /// Without a cache folder every function is compiled.
  explicit Jit(Target target, int compile_threads = 1, CacheOptions cache = {});
  ~Jit();
  Jit(Jit&&) noexcept;
  Jit& operator=(Jit&&) noexcept;

  const Target& target() const;
  /// One function per kernel, in order. Throws Error with LLVM's own words if it refuses one.
  std::vector<KernelFunction> compile(std::span<const loop::Kernel> kernels);
  KernelFunction compile(const loop::Kernel& kernel) { return compile(std::span(&kernel, 1))[0]; }

  /// Distinct functions so far, how many of them were found in the cache, and the wall time all took.
  size_t functions() const;
  size_t functions_cached() const;
  double compile_seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What the kernel becomes, for people and tests: LLVM IR after LLVM's passes, and assembly.
std::string llvm_text(const loop::Kernel& kernel, const Target& target);
std::string assembly_text(const loop::Kernel& kernel, const Target& target);

}  // namespace nnc
