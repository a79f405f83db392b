// Loop form to LLVM IR: one kernel becomes a module with one function of kernel_abi.h's type. Private to
// codegen.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>

#include "codegen/loop.h"
#include "codegen/target.h"

namespace nnc {

std::unique_ptr<llvm::Module> emit(const loop::Kernel& kernel, const Target& target,
                                   const std::string& symbol, llvm::LLVMContext& context);

}  // namespace nnc
