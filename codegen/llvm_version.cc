#include "codegen/llvm_version.h"

#include <llvm/Config/llvm-config.h>

namespace nnc {

std::string llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace nnc
