// The linker's fingerprint of a loaded program or library: two builds that could generate different code differ in it.
#pragma once

#include <string>

namespace nnc {

/// The GNU build id (raw bytes) of the loaded file that `address` lies in; empty where it has none.
std::string build_id_of(const void* address);

}  // namespace nnc
