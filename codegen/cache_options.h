// Where compiled objects are kept between processes, and how many: from the environment, or the caller's own choice.
#pragma once

#include <cstdint>
#include <string>

namespace nnc {

struct CacheOptions {
  std::string folder;                      // empty: objects are kept nowhere
  int64_t max_bytes = int64_t{128} << 20;  // of all entries; the least recently used go first

  /// `NNC_CACHE_DIR`, else `$XDG_CACHE_HOME/nnc`, else `$HOME/.cache/nnc`; none where NNC_CACHE is "off" or no such
  /// variable names an absolute path. `NNC_CACHE_MIB` is the size. Throws Error for values that mean nothing.
  static CacheOptions from_environment();
};

}  // namespace nnc
