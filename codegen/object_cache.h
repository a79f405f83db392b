// Compiled objects on disk, shared by every process of a user. An entry is found by the digest of all that its code
// depends on, and believed only if it is whole; everything that can go wrong with a file means that there is no entry.
//
//   if (std::optional<std::string> object = cache.load(key)) link(*object);
//   else cache.store(key, "h.linear.dot", link(compile(…)));
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/cache_options.h"
#include "codegen/digest.h"

namespace nnc {

/// What `nnc cache ls` lists.
struct CacheEntry {
  std::string key, name;  // digits of the key; the kernel that the object was first compiled for
  int64_t bytes = 0;
  int64_t last_used = 0;  // seconds since 1970
};

/// Any number of threads and processes may use one folder at the same time.
class ObjectCache {
 public:
  explicit ObjectCache(CacheOptions options);
  /// Brings the folder back to its size if this object added to it.
  ~ObjectCache();
  ObjectCache(const ObjectCache&) = delete;
  ObjectCache& operator=(const ObjectCache&) = delete;

  const CacheOptions& options() const { return options_; }
  /// Why nothing is kept ("it is switched off", "Permission denied"); empty where the cache works.
  const std::string& trouble() const { return trouble_; }

  /// The object stored under the key; none where it is missing, damaged or not this program's.
  std::optional<std::string> load(const Digest& key) const;
  /// Written aside and renamed, so that nobody ever sees half an entry. Failing to store is no error.
  void store(const Digest& key, std::string_view name, std::string_view object);
  void trim();

 private:
  std::string path(const std::string& file) const { return options_.folder + "/" + file; }

  CacheOptions options_;
  std::string trouble_;
  std::atomic<int64_t> added_ = 0;  // bytes since the last trim
};

/// Every readable entry, most recently used first.
std::vector<CacheEntry> cache_entries(const std::string& folder);

}  // namespace nnc
