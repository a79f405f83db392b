// A file seen as memory: read where and when it is looked at, so that it may be larger than memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace nnc {

/// The bytes of a regular file, to be read only. Throws Error when there is no such file, it is a folder, or it
/// cannot be read. Whoever makes the file shorter while it is mapped ends the process that looks behind its end.
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {start_, size_}; }

 private:
  MappedFile(const std::byte* start, size_t size) : start_(start), size_(size) {}

  const std::byte* start_;  // null for an empty file
  size_t size_;
};

}  // namespace nnc
