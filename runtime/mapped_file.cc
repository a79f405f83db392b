#include "runtime/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  InputFile file(path);
  auto size = static_cast<size_t>(file.size());
  void* start = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (start == MAP_FAILED)
    throw Error(fmt::format("{}: cannot map the file: {}", path, std::strerror(errno)));
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(start), size));
}

MappedFile::~MappedFile() {
  if (start_ != nullptr) ::munmap(const_cast<std::byte*>(start_), size_);
}

}  // namespace nnc
