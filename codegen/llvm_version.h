// Which LLVM compiles.
#pragma once

#include <string>

namespace nnc {

/// "19.1.7".
std::string llvm_version();

}  // namespace nnc
