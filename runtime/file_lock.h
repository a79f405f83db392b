// Keeps two runs from writing one file: the first to lock a path holds it until it ends, however it ends.
#pragma once

#include <string>

namespace nnc {

/// Holds `path` + ".lock" while it lives and then removes it. The operating system drops the lock of a process that
/// dies; its file stays and bars nobody.
class FileLock {
 public:
  /// Throws Error when another run holds the path, or the folder cannot be written.
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace nnc
