#include "codegen/digest.h"

#include <cstring>

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/BLAKE3.h>

namespace nnc {

Digest digest_of(std::initializer_list<std::string_view> parts) {
  llvm::BLAKE3 hash;
  for (std::string_view part : parts) {
    uint64_t size = part.size();
    uint8_t prefix[sizeof size];
    std::memcpy(prefix, &size, sizeof size);
    hash.update(llvm::ArrayRef<uint8_t>(prefix));
    hash.update(llvm::StringRef(part.data(), part.size()));
  }
  return hash.final();
}

std::string hex(const Digest& digest) { return llvm::toHex(digest, true); }

}  // namespace nnc
