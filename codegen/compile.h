// Kernels one by one through LLVM's passes to objects or texts. Private to codegen.
#pragma once

#include <memory>
#include <string>

#include "codegen/loop.h"
#include "codegen/target.h"

namespace nnc {

enum class CodeForm { Object, Assembly, Llvm };

/// For one thread; each has a compiler of its own. LLVM's description of the target is made once, with the first kernel.
class Compiler {
 public:
  explicit Compiler(Target target);
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  /// The bytes of a relocatable object, or text. Throws Error where LLVM does not know the target.
  std::string compile(const loop::Kernel& kernel, const std::string& symbol, CodeForm form);

 private:
  struct Machine;
  Target target_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace nnc
