// One kernel through LLVM's passes to an object or a text. Private to codegen.
#pragma once

#include <memory>
#include <string>

#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include "codegen/loop.h"
#include "codegen/target.h"

namespace nnc {

/// Throws Error where LLVM does not know the target.
std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target);

enum class Output { Object, Assembly, Llvm };
/// The bytes of a relocatable object, or text. Threads may compile at once, each with a context of its own
/// inside.
std::string compile_kernel(const loop::Kernel& kernel, const Target& target, const std::string& symbol,
                           Output output);

}  // namespace nnc
