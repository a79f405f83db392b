// The folder of the object cache seen as files: what is in it, what must go. Others may add, use and remove entries at any
// moment, so that a file which is no longer there is never an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

struct CacheFile {
  std::string name;       // within the folder
  int64_t bytes = 0;      // of disk space
  int64_t last_used = 0;  // nanoseconds since 1970
};

/// Made where it does not exist, for this user alone. Returns why it cannot be used, or nothing: code is run only from a
/// folder that is this user's and that nobody else may write to.
std::string open_cache_folder(const std::string& folder);

/// The entries, most recently used first. Files that are no entries are never touched.
std::vector<CacheFile> cache_files(const std::string& folder);
/// Removes the least recently used until the rest fits, and what writers that died have left behind.
void trim_cache(const std::string& folder, int64_t max_bytes);
/// Removes every entry; returns how many.
size_t clear_cache(const std::string& folder);

/// Names of files: of an entry by its key's digits, and of one being written aside.
std::string entry_name(std::string_view key);
std::string unfinished_name(std::string_view key);

}  // namespace nnc
