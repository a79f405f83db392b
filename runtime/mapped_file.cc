#include "runtime/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc {
namespace {

/// Samples come in random order. What the system reads ahead of them is worth keeping only where there is room for it.
bool crowds_memory(size_t size) {
  long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 && size / static_cast<size_t>(page) > static_cast<size_t>(pages) / 2;
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  InputFile file(path);
  auto size = static_cast<size_t>(file.size());
  void* start = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (start == MAP_FAILED)
    throw Error(fmt::format("{}: cannot map the file: {}", path, std::strerror(errno)));
  if (crowds_memory(size)) ::madvise(start, size, MADV_RANDOM);
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(start), size));
}

MappedFile::~MappedFile() {
  if (start_ != nullptr) ::munmap(const_cast<std::byte*>(start_), size_);
}

}  // namespace nnc
